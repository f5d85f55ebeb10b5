#include "app/token_file.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <regex>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/rand.h>

#include "app/atomic_file.h"
#include "app/sha256.h"
#include "base/log.h"
#include "base/suggest.h"
#include "store/store_config.h"

namespace ocelli::app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;
using Json = nlohmann::ordered_json;

constexpr std::size_t kTokenBytes = 32;  // nobody guesses 256 bits, so guesses need not be slowed down
constexpr std::string_view kTokenPrefix = "oc_";
constexpr std::uintmax_t kMostBytes = 1U << 20U;

bool is_name(const std::string& name) {
  static const std::regex kPattern("[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}");
  return name.size() <= 64 && std::regex_match(name, kPattern);
}

Error broken(const std::string& path) {
  return {Code::corrupt,
          path + " is no file of tokens: restore it, or remove it and make new ones with `ocelli tokens add`"};
}

base::Status write_tokens(const std::string& path, const std::vector<TokenRecord>& tokens) {
  Json json{{"tokens", Json::array()}};
  for (const auto& token : tokens) {
    json["tokens"].push_back({{"name", token.name},
                              {"role", serve::role_name(token.role)},
                              {"sha256", token.sha256},
                              {"created", token.created}});
  }
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) OC_TRY_STATUS(ensure_output_folder(folder.string()));
  OC_TRY(auto file, AtomicFile::create(path));
  std::error_code error;
  fs::permissions(part_name(path), fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return Error(Code::unavailable, path + " cannot be written: " + error.message());
  OC_TRY_STATUS(file.write(json.dump(2) + "\n"));
  return file.commit();
}

}  // namespace

std::string default_token_path() {
  return (fs::path(store::default_path()).parent_path() / "tokens.json").string();
}

base::Result<std::vector<TokenRecord>> read_tokens(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return std::vector<TokenRecord>();
  const auto bytes = fs::file_size(path, error);
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream) return Error(Code::unavailable, path + " cannot be read: whose is it?");
  if (bytes > kMostBytes) return broken(path);
  std::vector<TokenRecord> tokens;
  try {
    const Json json = Json::parse(stream);
    for (const auto& entry : json.at("tokens")) {
      const auto role = serve::parse_role(entry.at("role").get<std::string>());
      if (!role) return broken(path);
      tokens.push_back({entry.at("name").get<std::string>(), *role, entry.at("sha256").get<std::string>(),
                        entry.at("created").get<std::string>()});
    }
  } catch (const Json::exception&) {
    return broken(path);
  }
  return tokens;
}

base::Result<std::string> add_token(const std::string& path, const std::string& name, serve::Role role,
                                    const base::Clock& clock) {
  if (!is_name(name)) {
    return Error(Code::invalid,
                 "a token's name is 1 to 64 letters, digits, '-', '_', '.' or '@', and begins with a letter "
                 "or digit");
  }
  OC_TRY(auto tokens, read_tokens(path));
  const bool is_taken =
      std::any_of(tokens.begin(), tokens.end(), [&](const TokenRecord& token) { return token.name == name; });
  if (is_taken)
    return Error(Code::invalid, fmt::format("there is a token '{}' already: `ocelli tokens remove {}`", name, name));
  OC_TRY(const std::string secret, random_text(kTokenBytes));
  std::string token = std::string(kTokenPrefix) + secret;
  OC_TRY(auto sum, sha256_of_text(token));
  tokens.push_back({name, role, std::move(sum), base::format_wall_time(clock.wall_now())});
  OC_TRY_STATUS(write_tokens(path, tokens));
  return token;
}

base::Status remove_token(const std::string& path, const std::string& name) {
  OC_TRY(auto tokens, read_tokens(path));
  std::vector<std::string> names;
  for (const auto& token : tokens) names.push_back(token.name);
  if (std::erase_if(tokens, [&](const TokenRecord& token) { return token.name == name; }) == 0) {
    return Error(Code::not_found, fmt::format("no token '{}' in {}{}", name, path, base::did_you_mean(name, names)));
  }
  return write_tokens(path, tokens);
}

base::Result<std::string> random_text(std::size_t bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::vector<std::uint8_t> random(bytes);
  if (RAND_bytes(random.data(), static_cast<int>(bytes)) != 1) {
    return Error(Code::internal, "the system has no random numbers");
  }
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : random) {
    bits = (bits << 8U) | byte;
    for (count += 8; count >= 6; count -= 6) text += kLetters[(bits >> static_cast<unsigned>(count - 6)) & 63U];
  }
  if (count > 0) text += kLetters[(bits << static_cast<unsigned>(6 - count)) & 63U];
  return text;
}

}  // namespace ocelli::app
