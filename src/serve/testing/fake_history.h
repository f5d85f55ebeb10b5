#pragma once

#include <string>
#include <utility>
#include <vector>

#include "serve/event_history.h"

namespace ocelli::serve::testing {

/// Keeps what it is asked, and answers at once with `outcome`.
class FakeHistory final : public EventHistory {
 public:
  void find(store::EventQuery query, Done done) override {
    queries.push_back(std::move(query));
    done(outcome);
  }
  void explain(store::WhyQuestion question, Done done) override {
    questions.push_back(std::move(question));
    done(outcome);
  }

  base::Result<std::string> outcome = std::string("{}");
  std::vector<store::EventQuery> queries;
  std::vector<store::WhyQuestion> questions;
};

}  // namespace ocelli::serve::testing
