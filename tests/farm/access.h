#pragma once

#include <string>

#include "base/result.h"
#include "tests/farm/rtsp.h"

namespace ocelli::farm {

/// Who may watch: everybody, or who knows one name and password (RFC 2617, digest without qop).
class Access {
 public:
  /// `basic:USER:PASSWORD`, `digest:USER:PASSWORD`, or nothing.
  static base::Result<Access> parse(const std::string& text);

  bool allows(const RtspRequest& request, const std::string& nonce) const;
  /// The value of WWW-Authenticate.
  std::string challenge(const std::string& nonce) const;

 private:
  enum class Scheme { none, basic, digest };
  bool has_digest(const RtspRequest& request, const std::string& nonce) const;

  Scheme scheme_ = Scheme::none;
  std::string user_;
  std::string password_;
};

}  // namespace ocelli::farm
