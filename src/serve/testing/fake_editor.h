#pragma once

#include <utility>
#include <vector>

#include "serve/site_editor.h"

namespace ocelli::serve::testing {

/// Keeps what it is asked for, and answers at once with `answer`.
class FakeEditor final : public SiteEditor {
 public:
  void submit(SiteEdit edit, Done done) override {
    edits.push_back(std::move(edit));
    done(answer);
  }

  EditAnswer answer{EditAnswer::Outcome::done, "{}", "abc"};
  std::vector<SiteEdit> edits;
};

}  // namespace ocelli::serve::testing
