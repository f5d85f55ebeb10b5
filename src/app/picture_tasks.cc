#include "app/picture_tasks.h"

#include <CLI/CLI.hpp>

#include "app/classification.h"
#include "app/inspection.h"
#include "app/look_job.h"
#include "app/model_setup.h"
#include "app/picture_model.h"
#include "app/print.h"
#include "app/reading.h"

namespace ocelli::app {
namespace {

using base::Code;
using base::Error;

constexpr const char* kLooks = "person_reid_0287";

void print_report(const std::string& input, const ClassificationReport& report) {
  const std::string name = media::redact_url(input);
  if (report.frames == 0) return print(stdout, "{}: no frame in that part of it\n", name);
  if (report.frames == 1) return print(stdout, "{}: {} {:.2f}\n", name, report.label, report.score);
  print(stdout, "{}: {} frames, {} in {} of them\n", name, report.frames, report.label, report.label_frames);
}

void print_report(const std::string& input, const ReadingReport& report) {
  const std::string name = media::redact_url(input);
  if (report.frames == 0) return print(stdout, "{}: no frame in that part of it\n", name);
  if (report.frames > 1) return print(stdout, "{}: {} frames, {} lines\n", name, report.frames, report.lines);
  print(stdout, "{}: {} lines\n", name, report.lines);
  for (const auto& line : report.frame_lines) print(stdout, "  {}\n", line.text);
}

void print_report(const std::string& input, const LookReport& report) {
  const std::string name = media::redact_url(input);
  if (report.frames == 0) return print(stdout, "{}: no frame in that part of it\n", name);
  if (report.frames > 1) return print(stdout, "{}: {} frames\n", name, report.frames);
  print(stdout, "{}: {}\n", name, report.last.empty() ? "nothing found" : "1 frame");
  for (const auto& line : report.last) print(stdout, "  {}\n", line);
}

/// False: the others need not be tried.
template <class Job>
bool run_job_on(const std::string& input, Job& job, const PictureTask& task, CommandContext& context) {
  const auto report = job.run(input, context.clock, context.stop);
  if (report) {
    if (!task.quiet) print_report(input, *report);
    return true;
  }
  if (report.error().code() == Code::cancelled) {
    print(stderr, "ocelli: interrupted; what was found until then is saved in {}\n", task.folder);
    context.exit_code = ExitCode::interrupted;
    return false;
  }
  print(stderr, "ocelli: {}\n", report.error().message());
  remember(context, job.file_failed() ? ExitCode::output : ExitCode::input);
  return !job.file_failed();
}

template <class Job>
void run_job(base::Result<Job> job, const PictureTask& task, CommandContext& context) {
  if (!job) {
    return fail(context, job.error().code() == Code::invalid ? ExitCode::model : ExitCode::output, job.error());
  }
  for (const auto& input : task.inputs) {
    if (!run_job_on(input, *job, task, context)) break;
  }
  if (job->file_failed()) return;
  if (auto status = job->finish(); !status) return fail(context, ExitCode::output, status.error());
  if (!task.quiet) print(stdout, "{}\n", job->path());
}

void run_reading(const PictureTask& task, CommandContext& context) {
  const auto models = load_text_models(task.model);
  if (!models) return fail(context, ExitCode::model, models.error());
  run_job(ReadingJob::create({task.folder, task.range}, *models), task, context);
}

void run_inspection(const PictureTask& task, CommandContext& context) {
  auto model = load_inspection(task.model);
  if (!model) return fail(context, ExitCode::model, model.error());
  if (auto status = (*model)->choose(task.classes); !status) return fail(context, ExitCode::usage, status.error());
  run_job(LookJob::create({task.folder, "inspect.jsonl", task.range}, std::move(*model)), task, context);
}

void run_looks(PictureTask task, CommandContext& context) {
  if (!task.model_chosen) task.model.name = kLooks;
  auto model = load_card_model(task.model, infer::Task::reid);
  if (!model) return fail(context, ExitCode::model, model.error());
  run_job(LookJob::create({task.folder, "embeddings.jsonl", task.range}, std::move(*model)), task, context);
}

}  // namespace

base::Status check_task_options(const CLI::App& command, const std::string& task) {
  if (task == "detect") return {};
  for (const std::string name :
       {"--config", "--camera", "--classes", "--annotate", "--format", "--score", "--record", "--trace", "--store"}) {
    const bool of_inspection = task == kInspection && (name == "--classes" || name == "--score");
    if (command.count(name) == 0 || of_inspection) continue;
    return Error(Code::invalid, name + " is for --task detect, not for --task " + task);
  }
  for (const std::string name : {"--model", "--precision"}) {
    if (task == kReading && command.count(name) > 0) {
      return Error(Code::invalid, name + " is not for --task ocr, which takes three models of its own");
    }
  }
  return {};
}

void run_picture_task(PictureTask task, CommandContext& context) {
  if (task.name == kReading) return run_reading(task, context);
  if (task.name == kInspection) return run_inspection(task, context);
  if (task.name == "reid") return run_looks(std::move(task), context);
  if (!task.model_chosen) task.model.name = kClassifier;
  const auto model = load_model(task.model, infer::Task::classification);
  if (!model) return fail(context, ExitCode::model, model.error());
  run_job(ClassificationJob::create({task.folder, task.range}, *model), task, context);
}

}  // namespace ocelli::app
