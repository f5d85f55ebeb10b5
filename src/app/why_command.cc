#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "app/command.h"
#include "app/print.h"
#include "app/store_option.h"
#include "store/wall_time.h"
#include "store/why.h"

namespace ocelli::app {
namespace {

constexpr const char* kFooter =
    R"(An event's id is that of its JSON, e.g. gate/12 (the newest of that name), or the store's own number, `storeid`.
Without one, the event or near miss of the rule that is nearest to the time is told: why it fired, or what
stopped it; or that nothing came near within 30 s, and what the nearest was. Times are as in 2026-11-23T10:11:12Z;
recordings without a clock count from 1970, so 90 is a minute and a half into them.

  ocelli why gate/12
  ocelli why --camera gate --rule yard --at 2026-11-23T10:11:12Z
  ocelli why --camera street --rule kerb --at 90 --store events.db --json)";

struct WhyOptions {
  store::WhyQuestion question;
  std::string at;
  StoreOption store;
  bool json = false;
};

void run_why(const WhyOptions& options, CommandContext& context) {
  store::WhyQuestion question = options.question;
  if (!options.at.empty()) {
    const auto at = store::parse_wall_time(options.at, "--at");
    if (!at) return fail(context, ExitCode::usage, at.error());
    question.at = *at;
  }
  const auto reader = open_store(options.store);
  if (!reader) {
    const bool usage = reader.error().code() == base::Code::invalid;
    return fail(context, usage ? ExitCode::usage : ExitCode::input, reader.error());
  }
  const auto explanation = store::explain(**reader, question);
  if (!explanation) {
    const bool usage = explanation.error().code() == base::Code::invalid;
    return fail(context, usage ? ExitCode::usage : ExitCode::failed, explanation.error());
  }
  print(stdout, "{}\n", options.json ? explanation->json : explanation->words);
  if (options.json) return;
  for (const auto& path : explanation->media) print(stdout, "  {}\n", path);
}

}  // namespace

void add_why_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<WhyOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("why", "Say why an event fired, or why none did");
  auto* event = command->add_option("EVENT", options->question.event, "Id of an event");
  auto* camera = command->add_option("--camera", options->question.camera, "Camera")->excludes(event);
  auto* at = command->add_option("--at", options->at, "Time, such as 2026-11-23T10:11:12Z")->excludes(event);
  auto* rule =
      command->add_option("--rule", options->question.rule, "Zone, line or rule, by its name")->excludes(event);
  camera->needs(at)->needs(rule);
  at->needs(camera);
  rule->needs(camera);
  command->add_flag("--json", options->json, "Print JSON instead of words");
  add_store_option(*command, options->store);
  command->footer(kFooter);
  command->callback([options, &context] { run_why(*options, context); });
}

}  // namespace ocelli::app
