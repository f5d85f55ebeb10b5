#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/atomic_file.h"
#include "app/command.h"
#include "app/print.h"
#include "app/store_option.h"
#include "base/log.h"
#include "events/explain.h"
#include "store/export.h"
#include "store/wall_time.h"

namespace ocelli::app {
namespace {

constexpr std::uint64_t kMostRows = 100;

constexpr const char* kFooter =
    R"(table shows the newest 100 unless --limit says more; the other formats give all, newest first. jsonl: one
CloudEvent a line; csv: RFC 4180, the gates in words; coco: events as annotations, their boxes; mot: the paths of
tracks as a MOT result file, of one camera, thinned to 64 points a track. Times are as in 2026-11-23T10:11:12Z, or a
day, or seconds since 1970, which is how recordings without a clock count.

  ocelli events --camera gate --from 2026-11-23
  ocelli events --rule yard --near-misses
  ocelli events --format csv -o november.csv --from 2026-11-01 --to 2026-12-01
  ocelli events --format mot --camera gate --store events.db -o tracks.txt)";

struct EventsOptions {
  StoreOption store;
  store::EventQuery query;
  std::string from;
  std::string to;
  std::optional<std::uint64_t> limit;
  std::string order = "newest";
  std::string format = "table";
  std::string output;
  bool near_misses = false;
};

struct Order {
  store::ExportOrder events;
  store::TrackQuery tracks;
};

base::Result<Order> read_order(const EventsOptions& options) {
  Order order{{.events = options.query}, {.camera = options.query.camera, .track = options.query.track}};
  if (!options.from.empty()) {
    OC_TRY(order.events.events.from, store::parse_wall_time(options.from, "--from"));
  }
  if (!options.to.empty()) {
    OC_TRY(order.events.events.to, store::parse_wall_time(options.to, "--to"));
  }
  order.tracks.from = order.events.events.from;
  order.tracks.to = order.events.events.to;
  order.events.events.order = options.order == "oldest" ? store::Order::oldest_first : store::Order::newest_first;
  order.events.most = options.limit.value_or(options.format == "table" ? kMostRows : 0);
  if (options.near_misses) order.events.what = store::ExportOrder::What::near_misses;
  const bool asks_for_events = !options.query.type.empty() || !options.query.rule.empty() || options.near_misses ||
                               options.limit || options.order != "newest";
  if (options.format == "mot" && asks_for_events) {
    return base::Error(base::Code::invalid,
                       "mot holds tracks: --type, --rule, --limit, --order and --near-misses say nothing of those");
  }
  return order;
}

/// Columns wide enough for most names; a longer one moves the rest of its line.
base::Result<std::uint64_t> print_table(store::EventReader& reader, const store::ExportOrder& order,
                                        const store::ExportWriter& write) {
  std::uint64_t count = 0;
  store::ExportOrder rest = order;
  rest.events.limit = order.most == 0 ? kMostRows : std::min(order.most, kMostRows);
  OC_TRY_STATUS(
      write(fmt::format("{:24}  {:12}  {:14}  {:12}  {:>6}  {}\n", "time", "id", "event", "rule", "track", "why")));
  while (true) {
    OC_TRY(const auto page, order.what == store::ExportOrder::What::events ? reader.events(rest.events)
                                                                           : reader.near_misses(rest.events));
    for (const auto& event : page.events) {
      if (order.most != 0 && count == order.most) return count;
      OC_TRY(const auto details, store::details_of(event));
      OC_TRY_STATUS(write(fmt::format("{:24}  {:12}  {:14}  {:12}  {:>6}  {}\n", base::format_wall_time(event.time),
                                      details.id, event.type, event.rule.empty() ? "-" : event.rule, event.track_id,
                                      details.gates.empty() ? "-" : events::gates_words(details.gates))));
      ++count;
    }
    if (!page.next) return count;
    rest.events.after = page.next;
  }
}

base::Result<std::uint64_t> export_as(const std::string& format, store::EventReader& reader, const Order& order,
                                      const store::ExportWriter& write) {
  if (format == "jsonl") return store::export_json_lines(reader, order.events, write);
  if (format == "csv") return store::export_csv(reader, order.events, write);
  if (format == "coco") return store::export_coco(reader, order.events, write);
  if (format == "mot") return store::export_mot(reader, order.tracks, write);
  return print_table(reader, order.events, write);
}

ExitCode exit_code_of(const base::Error& error) {
  switch (error.code()) {
    case base::Code::invalid:
      return ExitCode::usage;
    case base::Code::not_found:
    case base::Code::corrupt:
    case base::Code::unsupported:
      return ExitCode::input;
    default:
      return ExitCode::failed;
  }
}

/// Nobody reads any more, or it was interrupted: then it ends.
store::ExportWriter to_stdout(const CommandContext& context) {
  return [&context](std::string_view text) -> base::Status {
    if (context.stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
    return base::Error(base::Code::cancelled, "nobody reads any more");
  };
}

/// An error of the file is the output's, not the store's.
base::Status write_output(store::EventReader& reader, const EventsOptions& options, const Order& order,
                          CommandContext& context, bool& output_failed) {
  auto file = AtomicFile::create(options.output);
  output_failed = !file;
  if (!file) return std::move(file).error();
  const auto count = export_as(options.format, reader, order, [&](std::string_view text) -> base::Status {
    if (context.stop.stop_requested()) return base::Error(base::Code::cancelled, "stopped");
    auto status = file->write(text);
    output_failed = !status;
    return status;
  });
  if (!count) return count.error();
  auto status = file->commit();
  output_failed = !status;
  if (status)
    print(stderr, "ocelli: {} {} in {}\n", *count, options.format == "mot" ? "tracks" : "events", options.output);
  return status;
}

void run_events(const EventsOptions& options, CommandContext& context) {
  const auto order = read_order(options);
  if (!order) return fail(context, ExitCode::usage, order.error());
  const auto reader = open_store(options.store);
  if (!reader) return fail(context, exit_code_of(reader.error()), reader.error());
  if (options.output.empty()) {
    const auto count = export_as(options.format, **reader, *order, to_stdout(context));
    if (!count) fail(context, exit_code_of(count.error()), count.error());
    return;
  }
  bool output_failed = false;
  if (auto status = write_output(**reader, options, *order, context, output_failed); !status) {
    fail(context, output_failed ? ExitCode::output : exit_code_of(status.error()), status.error());
  }
}

}  // namespace

void add_events_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<EventsOptions>();  // co-owned by the parser and the callback
  auto* command = app.add_subcommand("events", "Show or export what was stored");
  add_store_option(*command, options->store);
  command->add_option("--camera", options->query.camera, "Of this camera");
  command->add_option("--type", options->query.type, "Of this type, such as line_crossed");
  command->add_option("--rule", options->query.rule, "Of this zone, line or rule");
  command->add_option("--track", options->query.track, "In which this track takes part");
  command->add_option("--from", options->from, "Not before this time");
  command->add_option("--to", options->to, "Not after this time");
  command->add_option("--limit", options->limit, "At most so many; 0: all");
  command->add_option("--order", options->order, "Which come first")
      ->check(CLI::IsMember({"newest", "oldest"}))
      ->capture_default_str();
  command->add_flag("--near-misses", options->near_misses, "What nearly happened instead");
  command->add_option("--format", options->format, "How it is written")
      ->check(CLI::IsMember({"table", "jsonl", "csv", "coco", "mot"}))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "File to write; standard output if absent");
  command->footer(kFooter);
  command->callback([options, &context] { run_events(*options, context); });
}

}  // namespace ocelli::app
