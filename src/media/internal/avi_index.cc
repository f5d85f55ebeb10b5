#include "media/internal/avi_index.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

// Layout after Microsoft's "AVI RIFF File Reference" and the OpenDML AVI File Format Extensions 1.02. Numbers are
// little-endian; a chunk is its name, its size and its bytes, padded to an even count.

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kChunkHeader = 8;
constexpr std::uint64_t kListHeader = 12;
constexpr std::size_t kIndexEntry = 16;
constexpr std::uint64_t kMostHeaderBytes = 4U << 20U;
constexpr std::uint64_t kMostAddressable = 0xFFFF'0000U;
constexpr std::uint64_t kMostCutBytes = 16U << 20U;
constexpr std::size_t kMostIndexEntries = 16U << 20U;
constexpr std::uint32_t kKeyFrame = 0x10;  // AVIIF_KEYFRAME
constexpr std::uint32_t kHasIndex = 0x10;  // AVIF_HASINDEX

std::uint32_t number_at(std::span<const std::uint8_t> bytes, std::size_t place) {
  return bytes[place] | static_cast<std::uint32_t>(bytes[place + 1]) << 8U |
         static_cast<std::uint32_t>(bytes[place + 2]) << 16U | static_cast<std::uint32_t>(bytes[place + 3]) << 24U;
}

void put_number(std::span<std::uint8_t> bytes, std::size_t place, std::uint32_t number) {
  for (std::size_t i = 0; i < 4; ++i) bytes[place + i] = static_cast<std::uint8_t>(number >> 8U * i);
}

std::string_view name_at(std::span<const std::uint8_t> bytes, std::size_t place) {
  return {reinterpret_cast<const char*>(bytes.data()) + place, 4};
}

std::uint64_t padded(std::uint64_t size) {
  return size + (size & 1U);
}

/// Of a stream's chunk.
std::size_t stream_of(std::string_view name) {
  return static_cast<std::size_t>(name[0] - '0') * 10 + static_cast<std::size_t>(name[1] - '0');
}

/// "00dc": two digits for the stream, two letters for what it is.
bool is_stream_chunk(std::string_view name) {
  const auto is = [&](std::size_t place, int (*test)(int)) {
    return test(static_cast<unsigned char>(name[place])) != 0;
  };
  if (!is(0, std::isdigit) || !is(1, std::isdigit)) return false;
  constexpr std::array<std::string_view, 5> kKinds{"dc", "db", "wb", "tx", "pc"};
  return std::find(kKinds.begin(), kKinds.end(), name.substr(2)) != kKinds.end();
}

bool is_video_chunk(std::string_view name) {
  return is_stream_chunk(name) && name[2] == 'd';
}

enum class KeyRule {
  every_frame,  ///< each frame stands alone
  mpeg4,
  h264,
  first_only,  ///< a codec that we cannot read: only the beginning is safe
};

/// The codec's four letters, from the stream's header or format.
KeyRule rule_of(std::string codec) {
  std::transform(codec.begin(), codec.end(), codec.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), codec) != names.end();
  };
  if (is_one_of({"MJPG",
                 "JPEG",
                 "DMB1",
                 "DIB ",
                 "RGB ",
                 "YUY2",
                 "UYVY",
                 "I420",
                 "YV12",
                 "FFV1",
                 "HFYU",
                 "MPNG",
                 {"\0\0\0\0", 4}})) {
    return KeyRule::every_frame;
  }
  if (is_one_of({"H264", "X264", "AVC1", "DAVC", "VSSH"})) return KeyRule::h264;
  if (is_one_of({"FMP4", "MP4V", "XVID", "DIVX", "DX50", "M4S2", "MP4S", "3IV2"})) return KeyRule::mpeg4;
  return KeyRule::first_only;
}

/// Whether a frame that begins with `bytes` can be decoded alone: a start code says so near its beginning.
bool is_key_frame(KeyRule rule, std::span<const std::uint8_t> bytes, bool is_first) {
  if (rule == KeyRule::every_frame || rule == KeyRule::first_only) return rule == KeyRule::every_frame || is_first;
  for (std::size_t i = 0; i + 4 < bytes.size(); ++i) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
    const unsigned int code = bytes[i + 3];
    if (rule == KeyRule::h264) {
      const unsigned int type = code & 0x1FU;
      if (type == 5 || type == 7) return true;  // IDR picture, or the parameters that come before one
      if (type == 1) return false;
    } else {
      if (code == 0xB6) return bytes[i + 4] >> 6U == 0;  // ISO/IEC 14496-2: vop_coding_type I
      if (code == 0xB0 || code == 0xB3) return true;     // a sequence or a group of pictures begins
    }
  }
  return false;
}

/// Positions in the file of what is counted from there.
struct Layout {
  Bytes header;  ///< everything before the chunks of `movi`
  std::uint64_t movi_size = 0;
  std::uint64_t file_size = 0;
  std::uint64_t chunks_begin() const { return header.size(); }
  /// The index counts from the word "movi".
  std::uint64_t index_base() const { return header.size() - 4; }
};

struct Entry {
  std::array<char, 4> name{};
  std::uint32_t flags = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// What lies in `movi`.
struct Chunks {
  std::vector<Entry> entries;
  std::uint64_t end = 0;  ///< where the last whole chunk ends
  Bytes cut;              ///< the chunk there that the end of the file cut, with the size that is left of it
};

class AviScan {
 public:
  AviScan(ByteReader& reader, const Interrupt& interrupt) : reader_(reader), interrupt_(interrupt) {}

  /// `size` bytes at `place`, or fewer at the end.
  base::Result<Bytes> read_at(std::uint64_t place, std::size_t size) {
    OC_TRY_STATUS(reader_.seek(place));
    Bytes bytes(size);
    std::size_t filled = 0;
    while (filled < size) {
      if (interrupt_.stopped()) return Error(Code::cancelled, "stopped");
      if (interrupt_.expired()) return Error(Code::timeout, "its index could not be rebuilt within the timeout");
      const auto count = reader_.read(std::span(bytes).subspan(filled), interrupt_.remaining(), interrupt_.stop());
      if (!count && count.error().code() == Code::end_of_stream) break;
      if (!count) return count.error();
      filled += *count;
    }
    bytes.resize(filled);
    return bytes;
  }

  /// Nothing when the file has no `movi` list near its beginning.
  base::Result<std::optional<Layout>> find_movi() {
    Layout layout;
    layout.file_size = reader_.size().value_or(0);
    std::uint64_t place = kListHeader;
    while (place < kMostHeaderBytes) {
      OC_TRY(const Bytes head, read_at(place, kListHeader));
      if (head.size() < kListHeader) return std::optional<Layout>();
      const std::uint64_t size = number_at(head, 4);
      if (name_at(head, 0) == "LIST" && name_at(head, 8) == "movi") {
        layout.movi_size = size;
        OC_TRY(layout.header, read_at(0, place + kListHeader));
        return std::optional(std::move(layout));
      }
      place += kChunkHeader + padded(size);
    }
    return std::optional<Layout>();
  }

  base::Result<bool> has_sound_index(const Layout& layout) {
    const std::uint64_t movi_end = layout.index_base() + layout.movi_size;
    if (layout.movi_size <= 4 || movi_end > layout.file_size) return false;
    OC_TRY(const Bytes head, read_at(padded(movi_end), kChunkHeader));
    if (head.size() < kChunkHeader || name_at(head, 0) != "idx1") return has_super_index(layout);
    const std::uint64_t size = number_at(head, 4);
    const std::uint64_t begin = padded(movi_end) + kChunkHeader;
    if (size < kIndexEntry || begin + size > layout.file_size) return false;
    return points_at_chunks(layout, begin, size / kIndexEntry);
  }

  /// All chunks of all streams, up to the one that the end of the file cut.
  base::Result<Chunks> walk(const Layout& layout, const std::vector<KeyRule>& rules) {
    constexpr std::size_t kGlance = kChunkHeader + 64;  // as far as the first start codes
    Chunks chunks;
    chunks.end = layout.chunks_begin();
    std::uint64_t place = chunks.end;
    std::vector<bool> seen(rules.size(), false);
    const auto add = [&](std::string_view name, std::span<const std::uint8_t> glance, std::uint64_t size) {
      const std::size_t stream = stream_of(name);
      if (stream >= rules.size()) return;
      Entry entry;
      std::copy(name.begin(), name.end(), entry.name.begin());
      const bool is_key =
          !is_video_chunk(name) || is_key_frame(rules[stream], glance.subspan(kChunkHeader), !seen[stream]);
      seen[stream] = true;
      entry.flags = is_key ? kKeyFrame : 0;
      entry.offset = static_cast<std::uint32_t>(place - layout.index_base());
      entry.size = static_cast<std::uint32_t>(size);
      chunks.entries.push_back(entry);
    };
    while (place + kChunkHeader <= layout.file_size && chunks.entries.size() < kMostIndexEntries) {
      OC_TRY(const Bytes glance, read_at(place, kGlance));
      if (glance.size() < kChunkHeader) break;
      const std::string_view name = name_at(glance, 0);
      const std::uint64_t size = number_at(glance, 4);
      const bool fits = place + kChunkHeader + size <= layout.file_size;
      if (name == "LIST" || name == "RIFF") {
        place += kListHeader;  // what is in it comes next: "rec " groups, and the further parts of OpenDML
      } else if (is_stream_chunk(name) && fits) {
        add(name, glance, size);
        place += kChunkHeader + padded(size);
        chunks.end = std::min(place, layout.file_size);
      } else if (fits && (name == "JUNK" || name == "idx1" || name.starts_with("ix"))) {
        place += kChunkHeader + padded(size);
      } else {
        OC_TRY(const std::uint64_t next, next_chunk(layout, place + 1));
        // A size beyond the end of the file is a lie where chunks follow; else the recording broke off here.
        if (is_video_chunk(name) && next == layout.file_size && next - place <= kMostCutBytes) {
          const std::uint64_t left = next - place - kChunkHeader;
          add(name, glance, left);
          chunks.end = place;
          OC_TRY(chunks.cut, read_at(place, kChunkHeader + left));
          chunks.cut.resize(padded(chunks.cut.size()));
          put_number(chunks.cut, 4, static_cast<std::uint32_t>(left));
        }
        place = next;
      }
    }
    return chunks;
  }

 private:
  bool has_super_index(const Layout& layout) const {
    const auto& header = layout.header;
    constexpr std::string_view kName = "indx";
    return std::search(header.begin(), header.end(), kName.begin(), kName.end()) != header.end();
  }

  /// A sample from the whole of the index: a wrong one is wrong nearly everywhere.
  base::Result<bool> points_at_chunks(const Layout& layout, std::uint64_t begin, std::uint64_t count) {
    constexpr std::uint64_t kSamples = 16;
    std::optional<std::uint64_t> base;
    for (std::uint64_t i = 0; i < std::min(kSamples, count); ++i) {
      const std::uint64_t number = count <= kSamples ? i : i * (count - 1) / (kSamples - 1);
      OC_TRY(const Bytes entry, read_at(begin + number * kIndexEntry, kIndexEntry));
      const std::uint64_t offset = number_at(entry, 8);
      if (!base) {  // some writers count from the beginning of the file
        OC_TRY(const bool relative, is_chunk(layout.index_base() + offset, entry));
        base = relative ? layout.index_base() : 0;
      }
      OC_TRY(const bool is_right, is_chunk(*base + offset, entry));
      if (!is_right) return false;
      if (number + 1 == count) return is_last(layout, *base + offset + kChunkHeader + padded(number_at(entry, 12)));
    }
    return true;
  }

  base::Result<bool> is_chunk(std::uint64_t place, std::span<const std::uint8_t> entry) {
    OC_TRY(const Bytes head, read_at(place, kChunkHeader));
    if (head.size() < kChunkHeader) return false;
    if (name_at(entry, 0) == "rec ") return name_at(head, 0) == "LIST";
    return name_at(head, 0) == name_at(entry, 0) && number_at(head, 4) == number_at(entry, 12);
  }

  /// An index that stops in the middle was written before the file was.
  base::Result<bool> is_last(const Layout& layout, std::uint64_t place) {
    if (place + kChunkHeader > layout.index_base() + layout.movi_size) return true;
    OC_TRY(const Bytes head, read_at(place, kChunkHeader));
    return head.size() < kChunkHeader || !is_stream_chunk(name_at(head, 0));
  }

  /// Where damage ends: the next place that looks like a stream's chunk which fits.
  base::Result<std::uint64_t> next_chunk(const Layout& layout, std::uint64_t from) {
    constexpr std::size_t kBlock = 64 * 1024;
    while (from + kChunkHeader <= layout.file_size) {
      OC_TRY(const Bytes block, read_at(from, kBlock));
      for (std::size_t i = 0; i + kChunkHeader <= block.size(); ++i) {
        if (!is_stream_chunk(name_at(block, i))) continue;
        if (from + i + kChunkHeader + number_at(block, i + 4) <= layout.file_size) return from + i;
      }
      if (block.size() < kBlock) break;
      from += kBlock - kChunkHeader + 1;
    }
    return layout.file_size;
  }

  ByteReader& reader_;
  const Interrupt& interrupt_;
};

/// The header of the file, taken apart as far as a new index needs it.
class Header {
 public:
  explicit Header(Bytes& bytes) : bytes_(bytes) { visit(kListHeader, bytes_.size()); }

  const std::vector<KeyRule>& rules() const { return rules_; }

  void patch(const std::vector<Entry>& entries, std::uint64_t chunks_end, std::uint64_t file_size) {
    put_number(bytes_, 4, static_cast<std::uint32_t>(file_size - kChunkHeader));
    put_number(bytes_, bytes_.size() - 8, static_cast<std::uint32_t>(chunks_end - (bytes_.size() - 4)));
    std::uint32_t most = 0;
    for (std::size_t stream = 0; stream < lengths_.size(); ++stream) {
      if (!lengths_[stream]) continue;
      const auto count =
          static_cast<std::uint32_t>(std::count_if(entries.begin(), entries.end(), [&](const Entry& entry) {
            const std::string_view name(entry.name.data(), 4);
            return is_video_chunk(name) && stream_of(name) == stream;
          }));
      put_number(bytes_, *lengths_[stream], count);
      most = std::max(most, count);
    }
    if (main_) {
      put_number(bytes_, *main_ + 12, number_at(bytes_, *main_ + 12) | kHasIndex);
      put_number(bytes_, *main_ + 16, most);
    }
    // The index of OpenDML says again what was wrong.
    for (const std::size_t place : super_indexes_) std::memcpy(bytes_.data() + place, "JUNK", 4);
  }

 private:
  void visit(std::size_t place, std::size_t end) {
    while (place + kChunkHeader <= end) {
      const std::size_t size = number_at(bytes_, place + 4);
      const std::size_t data = place + kChunkHeader;
      const std::size_t data_end = std::min(end, data + size);
      const std::string_view name = name_at(bytes_, place);
      if (name == "LIST" && data + 4 <= data_end) {
        visit(data + 4, data_end);
      } else if (name == "avih" && data + 20 <= data_end) {
        main_ = data;
      } else if (name == "strh" && data + 36 <= data_end) {
        const bool is_video = name_at(bytes_, data) == "vids";
        lengths_.push_back(is_video ? std::optional(data + 32) : std::nullopt);
        rules_.push_back(rule_of(std::string(name_at(bytes_, data + 4))));
      } else if (name == "strf" && !lengths_.empty() && lengths_.back() && data + 20 <= data_end) {
        // The format's own four letters (biCompression) are what decoders go by.
        rules_.back() = rule_of(std::string(name_at(bytes_, data + 16)));
      } else if (name == "indx") {
        super_indexes_.push_back(place);
      }
      place = data + padded(size);
    }
  }

  Bytes& bytes_;
  std::optional<std::size_t> main_;
  std::vector<std::optional<std::size_t>> lengths_;  // by stream; only of video
  std::vector<KeyRule> rules_;
  std::vector<std::size_t> super_indexes_;
};

/// The new header, the old chunks, and what is new behind them: a chunk that was cut, and the index.
class RepairedReader final : public ByteReader {
 public:
  RepairedReader(Bytes header, std::unique_ptr<ByteReader> file, std::uint64_t chunks_end, Bytes behind)
      : header_(std::move(header)), file_(std::move(file)), chunks_end_(chunks_end), behind_(std::move(behind)) {}

  base::Result<std::size_t> read(std::span<std::uint8_t> into, std::chrono::milliseconds at_most,
                                 const std::stop_token& stop) override {
    if (position_ < header_.size()) return copy(into, header_, position_);
    if (position_ >= chunks_end_) return copy(into, behind_, position_ - chunks_end_);
    OC_TRY_STATUS(file_->seek(position_));
    const auto count =
        file_->read(into.first(std::min<std::uint64_t>(into.size(), chunks_end_ - position_)), at_most, stop);
    if (count) position_ += *count;
    return count;
  }

  base::Status seek(std::uint64_t position) override {
    position_ = position;
    return {};
  }

  std::optional<std::uint64_t> size() const override { return chunks_end_ + behind_.size(); }

 private:
  base::Result<std::size_t> copy(std::span<std::uint8_t> into, const Bytes& from, std::uint64_t place) {
    if (place >= from.size()) return Error(Code::end_of_stream, "end of the file");
    const std::size_t count = std::min<std::size_t>(into.size(), from.size() - place);
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(place), count, into.begin());
    position_ += count;
    return count;
  }

  const Bytes header_;
  const std::unique_ptr<ByteReader> file_;
  const std::uint64_t chunks_end_;
  const Bytes behind_;
  std::uint64_t position_ = 0;
};

void append_index(const std::vector<Entry>& entries, Bytes& bytes) {
  std::size_t place = bytes.size();
  bytes.resize(place + kChunkHeader + entries.size() * kIndexEntry);
  std::memcpy(bytes.data() + place, "idx1", 4);
  put_number(bytes, place + 4, static_cast<std::uint32_t>(entries.size() * kIndexEntry));
  place += kChunkHeader;
  for (const Entry& entry : entries) {
    std::memcpy(bytes.data() + place, entry.name.data(), 4);
    put_number(bytes, place + 4, entry.flags);
    put_number(bytes, place + 8, entry.offset);
    put_number(bytes, place + 12, entry.size);
    place += kIndexEntry;
  }
}

base::Result<CheckedAvi> check(std::unique_ptr<ByteReader> reader, const Interrupt& interrupt) {
  AviScan scan(*reader, interrupt);
  OC_TRY(auto layout, scan.find_movi());
  if (!layout || layout->file_size > kMostAddressable) return CheckedAvi{std::move(reader)};
  OC_TRY(const bool is_sound, scan.has_sound_index(*layout));
  if (is_sound) return CheckedAvi{std::move(reader)};
  Header header(layout->header);
  OC_TRY(auto chunks, scan.walk(*layout, header.rules()));
  if (chunks.entries.empty()) return CheckedAvi{std::move(reader)};
  const std::uint64_t movi_end = chunks.end + chunks.cut.size();
  Bytes behind = std::move(chunks.cut);
  append_index(chunks.entries, behind);
  header.patch(chunks.entries, movi_end, chunks.end + behind.size());
  return CheckedAvi{
      std::make_unique<RepairedReader>(std::move(layout->header), std::move(reader), chunks.end, std::move(behind)),
      true};
}

}  // namespace

base::Result<CheckedAvi> with_sound_index(std::unique_ptr<ByteReader> reader, const Interrupt& interrupt) {
  ByteReader& file = *reader;
  OC_TRY(auto checked, check(std::move(reader), interrupt));
  if (!checked.rebuilt) OC_TRY_STATUS(file.seek(0));
  return checked;
}

}  // namespace ocelli::media::internal
