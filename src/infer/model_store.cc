#include "infer/model_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/suggest.h"
#include "infer/model_file.h"

namespace ocelli::infer {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string default_folder() {
  if (auto folder = environment("OCELLI_MODEL_STORE"); !folder.empty()) return folder;
  if (const auto data = environment("XDG_DATA_HOME"); !data.empty()) return data + "/ocelli/models";
  const auto home = environment("HOME");
  return (home.empty() ? "/var/lib" : home + "/.local/share") + "/ocelli/models";
}

// Installed as <prefix>/bin/ocelli or unpacked as <folder>/ocelli; else this is a build folder.
std::vector<std::string> default_cards_folders() {
  if (auto folder = environment("OCELLI_MODEL_CARDS"); !folder.empty()) return {folder};
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {(program.parent_path() / "share/ocelli/models").string(), (program / "share/ocelli/models").string(),
          OCELLI_SOURCE_MODELS};
}

base::Result<std::vector<std::string>> card_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() == ".yaml") names.push_back(entry->path().stem().string());
  }
  if (error) return file_error("read the folder of model cards", folder, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<ModelCard> load_named_card(const std::string& folder, const std::string& name) {
  const std::string path = fmt::format("{}/{}.yaml", folder, name);
  OC_TRY(auto card, load_model_card(path));
  if (card.name != name) {
    return Error(Code::invalid, fmt::format("{}: name must be '{}', like the file, not '{}'", path, name, card.name));
  }
  return card;
}

}  // namespace

base::Result<ModelStore> ModelStore::open(const Config& config) {
  const auto tried = config.cards_folder.empty() ? default_cards_folders() : std::vector{config.cards_folder};
  for (const auto& folder : tried) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) continue;
    return ModelStore(folder, config.folder.empty() ? default_folder() : config.folder);
  }
  return Error(Code::not_found,
               fmt::format("no folder of model cards: looked for {}; set OCELLI_MODEL_CARDS", fmt::join(tried, ", ")));
}

base::Result<std::vector<ModelCard>> ModelStore::list() const {
  OC_TRY(const auto names, card_names(cards_folder_));
  std::vector<ModelCard> cards;
  for (const auto& name : names) {
    OC_TRY(auto card, load_named_card(cards_folder_, name));
    cards.push_back(std::move(card));
  }
  return cards;
}

base::Result<ModelCard> ModelStore::card(const std::string& name) const {
  OC_TRY(const auto names, card_names(cards_folder_));
  if (std::find(names.begin(), names.end(), name) != names.end()) return load_named_card(cards_folder_, name);
  return Error(Code::not_found, fmt::format("no model '{}'{}; known models: {}", name, base::did_you_mean(name, names),
                                            fmt::join(names, ", ")));
}

std::string ModelStore::weights_path(const std::string& sha256) const {
  return fmt::format("{}/{}.onnx", folder_, sha256);
}

bool ModelStore::present(const ModelCard& card) const {
  std::error_code ignored;
  return fs::is_regular_file(path_of(card), ignored);
}

base::Status ModelStore::verify(const ModelCard& card) const {
  if (!present(card)) {
    return Error(Code::not_found,
                 fmt::format("the weights of {0} are not on this machine: run `ocelli models pull {0}`", card.name));
  }
  const std::string path = path_of(card);
  OC_TRY(const auto actual, sha256_of_file(path));
  if (actual == card.sha256) return {};
  return Error(Code::corrupt,
               fmt::format("{} is damaged: it has SHA-256 {} instead of {}; run `ocelli models pull {}` to replace it",
                           path, actual, card.sha256, card.name));
}

base::Result<std::string> sha256_of_file(const std::string& path) {
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return file_error("read", path, errno);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool good = digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  std::array<unsigned char, 65536> buffer;
  while (std::feof(file.get()) == 0) {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (std::ferror(file.get()) != 0) return file_error("read", path, errno);
    good = good && EVP_DigestUpdate(digest.get(), buffer.data(), count) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int hash_bytes = 0;
  good = good && EVP_DigestFinal_ex(digest.get(), hash.data(), &hash_bytes) == 1;
  if (!good) return Error(Code::internal, "OpenSSL cannot compute SHA-256");
  return fmt::format("{:02x}", fmt::join(hash.begin(), hash.begin() + hash_bytes, ""));
}

}  // namespace ocelli::infer
