// Model cards come from a folder that an integrator may fill: any bytes must give a card or a one-line error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "infer/model_card.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto card = ocelli::infer::parse_model_card(text, "card.yaml");
  if (card) {
    // What the fetcher relies on.
    OC_CHECK(card->sha256.size() == 64 && card->checkpoint_sha256.size() == 64);
    OC_CHECK(card->name.find('/') == std::string::npos && card->conversion.script.find("..") != 0);
    OC_CHECK(card->sources.empty() != card->origin.empty() && card->checkpoint_bytes > 0);
    OC_CHECK(card->labels_file.find("..") != 0 && (card->labels.empty() || card->labels_file.empty()));
    OC_CHECK(!card->labels.empty() || card->task != ocelli::infer::Task::detection);
    OC_CHECK(card->input.width > 0 && card->input.height > 0);
  } else {
    OC_CHECK(card.error().code() == ocelli::base::Code::invalid);
    OC_CHECK(card.error().message().find('\n') == std::string::npos);
  }
  return 0;
}
