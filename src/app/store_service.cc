#include "app/store_service.h"

#include <utility>

namespace ocelli::app {
namespace {

base::Result<std::string> page_json(store::EventReader& reader, const store::EventQuery& query) {
  OC_TRY(const auto page, reader.events(query));
  std::string json = R"({"events":[)";
  for (const auto& event : page.events) {
    if (&event != page.events.data()) json += ',';
    json += store::stored_json(event);
  }
  return json + R"(],"next":)" + (page.next ? '"' + store::place_text(*page.next) + '"' : "null") + "}";
}

/// What the file's absence means to somebody who asks the server.
base::Error told(base::Error error) {
  if (error.code() != base::Code::not_found) return error;
  return {base::Code::unavailable, "nothing can be read from the store yet: " + error.message()};
}

}  // namespace

StoreService::StoreService(std::string path, base::Executor& workers) : path_(std::move(path)) {
  strand_.emplace(workers, [this] { return step(); });
}

StoreService::~StoreService() {
  close();
  strand_.reset();
}

void StoreService::find(store::EventQuery query, Done done) {
  submit(
      {[query = std::move(query)](store::EventReader& reader) { return page_json(reader, query); }, std::move(done)});
}

void StoreService::explain(store::WhyQuestion question, Done done) {
  submit({[question = std::move(question)](store::EventReader& reader) -> base::Result<std::string> {
            OC_TRY(auto explanation, store::explain(reader, question));
            return std::move(explanation.json);
          },
          std::move(done)});
}

void StoreService::submit(Job job) {
  base::Code refused = base::Code::cancelled;
  {
    const base::MutexLock lock(mutex_);
    if (!closed_ && jobs_.size() < kMostQuestions) {
      jobs_.push_back(std::move(job));
      strand_->wake();
      return;
    }
    if (!closed_) refused = base::Code::exhausted;
  }
  job.done(base::Error(refused, refused == base::Code::cancelled
                                    ? "the server ends"
                                    : "too many questions about stored events wait already"));
}

std::optional<StoreService::Job> StoreService::take() {
  const base::MutexLock lock(mutex_);
  if (jobs_.empty()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

base::StepOutcome StoreService::step() {
  const auto job = take();
  if (!job) return base::StepOutcome::idle;
  const auto reader = store::EventReader::open(path_);
  job->done(reader ? job->ask(**reader) : told(reader.error()));
  return base::StepOutcome::again;
}

void StoreService::close() {
  std::deque<Job> jobs;
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    jobs.swap(jobs_);
  }
  for (const auto& job : jobs) job.done(base::Error(base::Code::cancelled, "the server ends"));
}

}  // namespace ocelli::app
