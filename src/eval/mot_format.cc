#include "eval/mot_format.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace ocelli::eval {
namespace {

using base::Code;
using base::Error;

// A day at 11 frames a second; what is beyond is no sequence but a mistake that would cost memory.
constexpr int kMostFrames = 1'000'000;
constexpr double kMostPixels = 1e7;
constexpr double kMostIds = 1e15;  // still whole in a double
constexpr int kMostRate = 1'000;
constexpr int kClasses = 13;
constexpr std::size_t kMostColumns = 64;

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// As much of what somebody wrote as fits into a message.
std::string shown(std::string_view text) {
  constexpr std::size_t kMostShown = 24;
  std::string result(text.substr(0, kMostShown));
  std::replace_if(result.begin(), result.end(), [](unsigned char c) { return std::isprint(c) == 0; }, '?');
  return text.size() > kMostShown ? result + "…" : result;
}

/// Walks through the lines that are not blank, and knows where it is.
class Lines {
 public:
  Lines(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  bool next() {
    while (!rest_.empty()) {
      const auto end = std::min(rest_.find('\n'), rest_.size());
      line_ = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (!line_.empty()) return true;
    }
    return false;
  }
  std::string_view line() const { return line_; }
  Error error(std::string_view what) const { return {Code::corrupt, fmt::format("{}:{}: {}", file_, number_, what)}; }

 private:
  std::string_view rest_;
  std::string_view file_;
  std::string_view line_;
  int number_ = 0;
};

base::Result<double> number(const Lines& at, std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(value)) {
    return at.error(fmt::format("'{}' is not a number", shown(word)));
  }
  return value;
}

base::Result<std::int64_t> whole_number(const Lines& at, double value, std::string_view what, double least,
                                        double most) {
  if (value < least || value > most || std::trunc(value) != value) {
    return at.error(fmt::format("{} must be a whole number from {} to {}, not {}", what, least, most, value));
  }
  return static_cast<std::int64_t>(value);
}

/// The numbers of a line with commas between them.
base::Status read_columns(const Lines& at, std::size_t least, std::vector<double>& columns) {
  columns.clear();
  std::string_view rest = at.line();
  while (true) {
    const auto comma = rest.find(',');
    OC_TRY(const double value, number(at, trimmed(rest.substr(0, comma))));
    columns.push_back(value);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (columns.size() == kMostColumns) return at.error(fmt::format("more than {} columns", kMostColumns));
  }
  if (columns.size() >= least) return {};
  return at.error(fmt::format("{} columns where at least {} are needed", columns.size(), least));
}

/// The numbers of a line with spaces between them.
base::Status read_words(const Lines& at, std::vector<double>& numbers) {
  numbers.clear();
  std::string_view rest = at.line();
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(" \t"), rest.size());
    OC_TRY(const double value, number(at, rest.substr(0, end)));
    numbers.push_back(value);
    rest = trimmed(rest.substr(end));
    if (numbers.size() == kMostColumns) return at.error(fmt::format("more than {} numbers", kMostColumns));
  }
  return {};
}

base::Result<int> frame_of(const Lines& at, double column, int frames) {
  OC_TRY(const auto frame, whole_number(at, column, "the frame", 1, frames));
  return static_cast<int>(frame);
}

/// Columns 3 to 6.
base::Result<Box> box_of(const Lines& at, const std::vector<double>& columns) {
  const Box box{columns[2], columns[3], columns[4], columns[5]};
  if (std::abs(box.left) > kMostPixels || std::abs(box.top) > kMostPixels || box.width > kMostPixels ||
      box.height > kMostPixels) {
    return at.error("a box so far away is in no picture");
  }
  if (box.width < 0 || box.height < 0) return at.error("width and height of a box must not be negative");
  return box;
}

/// Refuses an identity that a frame has already.
class UniqueIds {
 public:
  base::Status add(const Lines& at, int frame, std::int64_t id) {
    if (seen_.emplace(frame, id).second) return {};
    return at.error(fmt::format("identity {} is a second time in frame {}", id, frame));
  }

 private:
  std::set<std::pair<int, std::int64_t>> seen_;
};

/// A key of the [Sequence] section.
base::Status take_setting(const Lines& at, std::string_view key, std::string_view value, SequenceInfo& info) {
  const bool is_count = key == "seqLength" || key == "imWidth" || key == "imHeight";
  if (!is_count && key != "frameRate") return {};  // name, folder and suffix of the pictures: not needed here
  OC_TRY(const double amount, number(at, value));
  if (key == "frameRate") {
    if (amount <= 0 || amount > kMostRate)
      return at.error(fmt::format("frameRate must be above 0, up to {}", kMostRate));
    info.frames_per_second = amount;
    return {};
  }
  OC_TRY(const auto count, whole_number(at, amount, key, 1, kMostFrames));
  (key == "seqLength" ? info.frames : key == "imWidth" ? info.width_px : info.height_px) = static_cast<int>(count);
  return {};
}

}  // namespace

base::Result<SequenceInfo> parse_sequence_info(std::string_view text, std::string_view file) {
  SequenceInfo info;
  bool inside = false;
  for (Lines lines(text, file); lines.next();) {
    const auto line = lines.line();
    if (line.starts_with(';') || line.starts_with('#')) continue;
    if (line.starts_with('[')) {
      inside = line == "[Sequence]";
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return lines.error(fmt::format("'{}' is not key=value", shown(line)));
    if (!inside) continue;
    OC_TRY_STATUS(take_setting(lines, trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)), info));
  }
  if (info.frames > 0 && info.frames_per_second > 0) return info;
  return Error(Code::corrupt,
               fmt::format("{}: section [Sequence] must have {}", file, info.frames > 0 ? "frameRate" : "seqLength"));
}

base::Result<std::vector<TruthBox>> parse_truth(std::string_view text, std::string_view file, int frames) {
  constexpr std::size_t kLeastColumns = 8;
  std::vector<TruthBox> truth;
  std::vector<double> columns;
  UniqueIds ids;
  for (Lines lines(text, file); lines.next();) {
    OC_TRY_STATUS(read_columns(lines, kLeastColumns, columns));
    TruthBox row;
    OC_TRY(row.frame, frame_of(lines, columns[0], frames));
    OC_TRY(row.id, whole_number(lines, columns[1], "an identity", 0, kMostIds));
    OC_TRY(row.box, box_of(lines, columns));
    row.counts = std::trunc(columns[6]) != 0;
    const double class_column = columns[7];
    const bool is_class = class_column >= 1 && class_column <= kClasses && std::trunc(class_column) == class_column;
    row.class_id = is_class ? static_cast<int>(class_column) : 0;
    OC_TRY_STATUS(ids.add(lines, row.frame, row.id));
    truth.push_back(row);
  }
  return truth;
}

base::Result<DetectionFrames> parse_detections(std::string_view text, std::string_view file, int frames) {
  constexpr std::size_t kLeastColumns = 7;
  DetectionFrames detections(static_cast<std::size_t>(frames));
  std::vector<double> columns;
  for (Lines lines(text, file); lines.next();) {
    OC_TRY_STATUS(read_columns(lines, kLeastColumns, columns));
    OC_TRY(const int frame, frame_of(lines, columns[0], frames));
    OC_TRY(const Box box, box_of(lines, columns));
    if (std::abs(columns[6]) > kMostPixels) return lines.error("no detector gives such a score");
    const auto single = [](double value) { return static_cast<float>(value); };
    detections[static_cast<std::size_t>(frame - 1)].push_back(
        {.box = {single(box.left), single(box.top), single(box.width), single(box.height)},
         .score = single(columns[6])});
  }
  return detections;
}

base::Result<std::vector<ResultBox>> parse_results(std::string_view text, std::string_view file, int frames) {
  constexpr std::size_t kLeastColumns = 7;
  std::vector<ResultBox> results;
  std::vector<double> columns;
  UniqueIds ids;
  for (Lines lines(text, file); lines.next();) {
    OC_TRY_STATUS(read_columns(lines, kLeastColumns, columns));
    ResultBox row;
    OC_TRY(row.frame, frame_of(lines, columns[0], frames));
    OC_TRY(row.id, whole_number(lines, columns[1], "an identity", 0, kMostIds));
    OC_TRY(row.box, box_of(lines, columns));
    row.score = columns[6];
    OC_TRY_STATUS(ids.add(lines, row.frame, row.id));
    results.push_back(row);
  }
  return results;
}

base::Result<std::vector<track::CameraMotion>> parse_camera_motion(std::string_view text, std::string_view file,
                                                                   int frames) {
  constexpr std::size_t kNumbers = 7;
  std::vector<track::CameraMotion> motion(static_cast<std::size_t>(frames));
  std::vector<bool> known(motion.size());
  std::vector<double> numbers;
  for (Lines lines(text, file); lines.next();) {
    OC_TRY_STATUS(read_words(lines, numbers));
    if (numbers.size() != kNumbers) return lines.error("a frame and the six numbers of its motion are needed");
    OC_TRY(const int frame, frame_of(lines, numbers[0], frames));
    const auto index = static_cast<std::size_t>(frame - 1);
    if (known[index]) return lines.error(fmt::format("frame {} has two motions", frame));
    known[index] = true;
    std::array<float, kNumbers> single{};
    for (std::size_t i = 0; i < kNumbers; ++i) {
      if (std::abs(numbers[i]) > kMostPixels) return lines.error("no camera moves as far as that");
      single[i] = static_cast<float>(numbers[i]);
    }
    motion[index] = {single[1], single[2], single[3], single[4], single[5], single[6]};
  }
  return motion;
}

base::Result<CameraView> parse_camera_view(std::string_view text, std::string_view file) {
  struct Part {
    std::string_view heading;
    std::size_t numbers;
    std::vector<double> found;
  };
  std::array<Part, 3> parts{{{"RotationMatrices", 9, {}}, {"TranslationVectors", 3, {}}, {"IntrinsicMatrix", 9, {}}}};
  Part* part = nullptr;
  std::vector<double> numbers;
  for (Lines lines(text, file); lines.next();) {
    auto* const named =
        std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.heading == lines.line(); });
    if (named != parts.end()) {
      if (!named->found.empty()) return lines.error("a second time this heading");
      part = named;
      continue;
    }
    if (part == nullptr) return lines.error("the file must begin with the heading RotationMatrices");
    OC_TRY_STATUS(read_words(lines, numbers));
    part->found.insert(part->found.end(), numbers.begin(), numbers.end());
    if (part->found.size() > part->numbers) return lines.error(fmt::format("too many numbers below {}", part->heading));
  }
  for (const auto& each : parts) {
    if (each.found.size() == each.numbers) continue;
    return Error(Code::corrupt,
                 fmt::format("{}: {} numbers below {}, not {}", file, each.found.size(), each.heading, each.numbers));
  }
  CameraView view;
  std::copy(parts[0].found.begin(), parts[0].found.end(), view.rotation.begin());
  std::copy(parts[1].found.begin(), parts[1].found.end(), view.translation_mm.begin());
  std::copy(parts[2].found.begin(), parts[2].found.end(), view.intrinsics_px.begin());
  return view;
}

std::string format_results(std::span<const ResultBox> results) {
  std::string text;
  for (const auto& row : results) {
    fmt::format_to(std::back_inserter(text), "{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},-1,-1,-1\n", row.frame, row.id,
                   row.box.left, row.box.top, row.box.width, row.box.height, row.score);
  }
  return text;
}

}  // namespace ocelli::eval
