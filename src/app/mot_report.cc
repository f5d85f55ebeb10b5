#include "app/mot_report.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ocelli::app {
namespace {

using eval::Given;
using eval::PeerScore;
using eval::PeerSet;

constexpr double kPercent = 100;
constexpr std::array kClasses{Given::boxes, Given::motion, Given::camera};

/// A row of the table, ours or a peer's. Shares in percent.
struct Row {
  std::string name;
  double hota = 0, deta = 0, assa = 0, mota = 0, idf1 = 0;
  std::int64_t switches = 0;
  std::int64_t surplus = 0;
  std::int64_t missed = 0;
  std::optional<double> fps;
  bool is_ours = false;
};

Row row_of(std::string name, const eval::Score& score, int frames, std::optional<std::chrono::nanoseconds> in_tracker) {
  Row row;
  row.name = std::move(name);
  row.hota = kPercent * score.hota.hota();
  row.deta = kPercent * score.hota.detection();
  row.assa = kPercent * score.hota.association_accuracy();
  row.mota = kPercent * score.clear.mota();
  row.idf1 = kPercent * score.identity.idf1();
  row.switches = score.clear.switches;
  row.surplus = score.clear.surplus;
  row.missed = score.clear.missed;
  if (in_tracker && in_tracker->count() > 0) row.fps = frames / std::chrono::duration<double>(*in_tracker).count();
  row.is_ours = true;
  return row;
}

Row row_of(const MotSequenceReport& sequence) {
  return row_of(sequence.name, sequence.score, sequence.frames, sequence.in_tracker);
}

Row row_of(const PeerScore& peer) {
  return {std::string(peer.name), peer.hota,    peer.deta,   peer.assa, peer.mota, peer.idf1,
          peer.switches,          peer.surplus, peer.missed, peer.fps,  false};
}

Row combined(const MotRun& run, std::string name) {
  eval::Score score;
  int frames = 0;
  std::optional<std::chrono::nanoseconds> in_tracker;
  for (const auto& sequence : run.sequences) {
    score += sequence.score;
    frames += sequence.frames;
    if (sequence.in_tracker) in_tracker = in_tracker.value_or(std::chrono::nanoseconds(0)) + *sequence.in_tracker;
  }
  return row_of(std::move(name), score, frames, in_tracker);
}

std::string_view title(Given given) {
  switch (given) {
    case Given::boxes:
      return "boxes only";
    case Given::motion:
      return "boxes and camera motion";
    case Given::camera:
      return "boxes and camera geometry or appearance";
  }
  return "";
}

std::string_view explained(eval::Protocol protocol) {
  switch (protocol) {
    case eval::Protocol::mot15:
      return "mot15 (everything counts as it stands)";
    case eval::Protocol::mot17:
      return "mot17 (distractors taken out; boxes of up to 100 px² or wider than 1.6 times their height not put out)";
    case eval::Protocol::dance:
      return "dance (boxes of up to 100 px² or wider than 1.6 times their height not put out)";
  }
  return "";
}

std::string heading(std::string_view name, std::size_t width) {
  return fmt::format("{:<{}}  {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>8}\n", name, width, "HOTA", "DetA",
                     "AssA", "MOTA", "IDF1", "IDs", "FP", "FN", "fps");
}

std::string line(const Row& row, std::size_t width) {
  return fmt::format("{:<{}}  {:>6.2f} {:>6.2f} {:>6.2f} {:>6.2f} {:>6.2f} {:>6} {:>6} {:>6} {:>8}\n", row.name, width,
                     row.hota, row.deta, row.assa, row.mota, row.idf1, row.switches, row.surplus, row.missed,
                     row.fps ? fmt::format("{:.0f}", *row.fps) : "-");
}

/// The rows of one class, ours among them, best HOTA first.
std::vector<Row> rows_of_class(const MotReport& report, const PeerSet& peers, Given given) {
  std::vector<Row> rows;
  for (const auto& run : report.runs) {
    if (run.given == given) rows.push_back(combined(run, report.tracker));
  }
  for (const auto& peer : peers.peers) {
    if (peer.given == given) rows.push_back(row_of(peer));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.hota > b.hota; });
  return rows;
}

std::string beside_peers(const MotReport& report, const PeerSet& peers) {
  std::size_t width = report.tracker.size();
  for (const auto& peer : peers.peers) width = std::max(width, peer.name.size());
  std::string text = fmt::format("\nBeside {} peers ({})\n", peers.peers.size(), eval::peer_source());
  for (const Given given : kClasses) {
    const auto rows = rows_of_class(report, peers, given);
    if (rows.empty()) continue;
    text += heading(title(given), width + 2);
    for (const auto& row : rows) text += (row.is_ours ? "> " : "  ") + line(row, width);
  }
  return text;
}

std::string trimmed(const std::string& text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::string three_shares(double hota, double idf1, double mota) {
  return fmt::format("{:>4.1f} / {:>4.1f} / {:>4.1f}", hota, idf1, mota);
}

/// Each sequence's figures, ours and those of the few peers that were measured sequence by sequence.
std::string beside_peers_by_sequence(const MotReport& report, const PeerSet& peers) {
  constexpr std::string_view kTitle = "HOTA / IDF1 / MOTA";
  std::string text = fmt::format("\n{}", kTitle);
  for (const auto& run : report.runs) {
    text += fmt::format("  {:<{}}", run.given ? eval::given_name(*run.given) : "these", kTitle.size());
  }
  for (const auto& peer : peers.sequences.front().peers) text += fmt::format("  {:<{}}", peer.name, kTitle.size());
  for (std::size_t index = 0; index < report.runs.front().sequences.size(); ++index) {
    const std::string& name = report.runs.front().sequences[index].name;
    text = trimmed(text) + fmt::format("\n{:<{}}", name, kTitle.size());
    for (const auto& run : report.runs) {
      const Row row = row_of(run.sequences[index]);
      text += "  " + three_shares(row.hota, row.idf1, row.mota);
    }
    for (const auto& known : peers.sequences) {
      if (known.name != name) continue;
      for (const auto& peer : known.peers) {
        const auto width = std::max(peer.name.size(), kTitle.size());
        text += fmt::format("  {:<{}}", three_shares(peer.hota, peer.idf1, peer.mota), width);
      }
    }
  }
  return trimmed(text) + '\n';
}

nlohmann::ordered_json json_of(const Row& row) {
  nlohmann::ordered_json json{{"name", row.name},    {"hota", row.hota},  {"deta", row.deta},
                              {"assa", row.assa},    {"mota", row.mota},  {"idf1", row.idf1},
                              {"ids", row.switches}, {"fp", row.surplus}, {"fn", row.missed}};
  json["fps"] = row.fps ? nlohmann::ordered_json(*row.fps) : nlohmann::ordered_json(nullptr);
  return json;
}

nlohmann::ordered_json json_of(const MotRun& run) {
  nlohmann::ordered_json json;
  if (run.given) json["given"] = eval::given_name(*run.given);
  json["sequences"] = nlohmann::ordered_json::array();
  for (const auto& sequence : run.sequences) {
    auto entry = json_of(row_of(sequence));
    entry["frames"] = sequence.frames;
    json["sequences"].push_back(std::move(entry));
  }
  json["combined"] = json_of(combined(run, "combined"));
  return json;
}

}  // namespace

std::string mot_table(const MotReport& report, const PeerSet* peers) {
  constexpr std::string_view kCombined = "combined";
  std::size_t width = kCombined.size();
  int frames = 0;
  for (const auto& run : report.runs) {
    if (run.given) width = std::max(width, title(*run.given).size());
  }
  for (const auto& sequence : report.runs.front().sequences) {
    width = std::max(width, sequence.name.size());
    frames += sequence.frames;
  }
  std::string text =
      fmt::format("{}: {} sequences, {} frames, protocol {}\n{}\n", report.benchmark,
                  report.runs.front().sequences.size(), frames, explained(report.protocol), report.tracker);
  for (const auto& run : report.runs) {
    text += '\n' + heading(run.given ? title(*run.given) : "", width);
    for (const auto& sequence : run.sequences) text += line(row_of(sequence), width);
    text += line(combined(run, std::string(kCombined)), width);
  }
  if (peers == nullptr) return text + "\nNo peers were measured on these sequences with these detections.\n";
  return text + beside_peers_by_sequence(report, *peers) + beside_peers(report, *peers);
}

std::string mot_json(const MotReport& report, const PeerSet* peers) {
  nlohmann::ordered_json json{
      {"benchmark", report.benchmark}, {"protocol", eval::protocol_name(report.protocol)}, {"tracker", report.tracker}};
  json["runs"] = nlohmann::ordered_json::array();
  for (const auto& run : report.runs) json["runs"].push_back(json_of(run));
  json["peers"] = nlohmann::ordered_json::array();
  if (peers != nullptr) {
    for (const auto& peer : peers->peers) {
      auto entry = json_of(row_of(peer));
      entry["given"] = eval::given_name(peer.given);
      json["peers"].push_back(std::move(entry));
    }
    json["peers_source"] = eval::peer_source();
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ocelli::app
