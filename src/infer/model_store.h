#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "infer/model_card.h"

namespace ocelli::infer {

/// Cards (read-only, shipped with ocelli) and weights (pulled by the user) on this machine. A value; thread-safe.
/// Weights lie at <folder>/<sha256>.onnx, so that a file with this name has, or once had, this content.
class ModelStore {
 public:
  struct Config {
    std::string cards_folder;  ///< empty: $OCELLI_MODEL_CARDS, else share/ocelli/models beside the program, else the
                               ///< source tree's models/
    std::string
        folder;  ///< empty: $OCELLI_MODEL_STORE, else $XDG_DATA_HOME/ocelli/models, else ~/.local/share/ocelli/models
  };

  /// `not_found` when no cards folder exists.
  static base::Result<ModelStore> open(const Config& config);

  const std::string& folder() const { return folder_; }
  const std::string& cards_folder() const { return cards_folder_; }

  /// All cards, by name.
  base::Result<std::vector<ModelCard>> list() const;
  /// `not_found` suggests the nearest name and lists the known ones.
  base::Result<ModelCard> card(const std::string& name) const;

  std::string path_of(const ModelCard& card) const { return weights_path(card.sha256); }
  /// Where weights with this SHA-256 lie, if they are here.
  std::string weights_path(const std::string& sha256) const;
  bool present(const ModelCard& card) const;
  /// Reads the file and compares its hash. `not_found` says how to pull it, `corrupt` names both hashes and says what
  /// to do.
  base::Status verify(const ModelCard& card) const;

 private:
  ModelStore(std::string cards_folder, std::string folder)
      : cards_folder_(std::move(cards_folder)), folder_(std::move(folder)) {}
  std::string cards_folder_;
  std::string folder_;
};

/// Lower-case hexadecimal SHA-256 of a file's bytes.
base::Result<std::string> sha256_of_file(const std::string& path);

}  // namespace ocelli::infer
