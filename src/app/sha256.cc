#include "app/sha256.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

namespace ocelli::app {

base::Result<std::string> sha256_of_text(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int hash_bytes = 0;
  if (EVP_Digest(text.data(), text.size(), hash.data(), &hash_bytes, EVP_sha256(), nullptr) != 1) {
    return base::Error(base::Code::internal, "OpenSSL cannot compute SHA-256");
  }
  return fmt::format("{:02x}", fmt::join(hash.begin(), hash.begin() + hash_bytes, ""));
}

}  // namespace ocelli::app
