#include "tests/farm/access.h"

#include <array>
#include <cstdint>
#include <string_view>

extern "C" {
#include <libavutil/md5.h>
}

#include "tests/farm/base64.h"

namespace ocelli::farm {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr std::string_view kRealm = "camera_farm";

std::string md5(const std::string& text) {
  std::array<std::uint8_t, 16> digest{};
  av_md5_sum(digest.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned byte : digest) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

/// The value of name="value" in a header.
std::string quoted(const std::string& header, const std::string& name) {
  const std::string opening = name + "=\"";
  auto begin = header.find(" " + opening);
  if (begin == std::string::npos) begin = header.find("," + opening);
  if (begin == std::string::npos) return {};
  begin += 1 + opening.size();
  return header.substr(begin, header.find('"', begin) - begin);
}

}  // namespace

Result<Access> Access::parse(const std::string& text) {
  Access access;
  if (text.empty()) return access;
  const auto first = text.find(':');
  const auto second = text.find(':', first == std::string::npos ? first : first + 1);
  const std::string scheme = text.substr(0, first);
  if (second == std::string::npos || (scheme != "basic" && scheme != "digest")) {
    return Error(Code::invalid, "--auth wants basic:USER:PASSWORD or digest:USER:PASSWORD");
  }
  access.scheme_ = scheme == "basic" ? Scheme::basic : Scheme::digest;
  access.user_ = text.substr(first + 1, second - first - 1);
  access.password_ = text.substr(second + 1);
  return access;
}

bool Access::allows(const RtspRequest& request, const std::string& nonce) const {
  if (scheme_ == Scheme::none || request.method == "OPTIONS") return true;
  if (scheme_ == Scheme::digest) return has_digest(request, nonce);
  const std::string plain = user_ + ":" + password_;
  return request.header("authorization") == "Basic " + base64(plain);
}

bool Access::has_digest(const RtspRequest& request, const std::string& nonce) const {
  const std::string header = request.header("authorization");
  const std::string who = md5(user_ + ":" + std::string(kRealm) + ":" + password_);
  const std::string what = md5(request.method + ":" + quoted(header, "uri"));
  return header.starts_with("Digest ") && quoted(header, "username") == user_ && quoted(header, "nonce") == nonce &&
         quoted(header, "response") == md5(who + ":" + nonce + ":" + what);
}

std::string Access::challenge(const std::string& nonce) const {
  const std::string realm = "realm=\"" + std::string(kRealm) + "\"";
  if (scheme_ == Scheme::basic) return "Basic " + realm;
  return "Digest " + realm + ", nonce=\"" + nonce + "\"";
}

}  // namespace ocelli::farm
