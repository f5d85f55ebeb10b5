// What infer::TextReader reads in pictures, as JSON lines with the time that it took, for text_test.py to compare with
// something else. Not installed.
//
//   text_probe --cards models --weights FOLDER --threads N --runs N PICTURE…
//
// The weights are found by the names that the cards' sources give them. Times are the least of the runs, from the
// file's bytes to the lines.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "infer/backend.h"
#include "infer/text_reader.h"
#include "media/frame_reader.h"

namespace {

using nlohmann::ordered_json;
using ocelli::base::Result;
using ocelli::base::Status;
using ocelli::infer::Backend;
using ocelli::infer::TextLines;
using ocelli::infer::TextModels;
using ocelli::infer::TextReader;
using ocelli::media::FramePtr;

struct Options {
  std::string cards;
  std::string weights;
  int threads = 1;
  int runs = 1;
  std::vector<std::string> pictures;
};

Result<TextModels::Model> load(Backend& backend, const Options& options, const std::string& name) {
  TextModels::Model model;
  OC_TRY(model.card, ocelli::infer::load_model_card(options.cards + "/" + name + ".yaml"));
  const auto file = std::filesystem::path(model.card.sources.front().member).filename();
  OC_TRY(model.session,
         backend.load((std::filesystem::path(options.weights) / file).string(), {.intra_op_threads = options.threads}));
  return model;
}

Result<TextReader> make_reader(const Options& options) {
  OC_TRY(const auto backend, ocelli::infer::make_onnx_backend());
  TextModels models;
  OC_TRY(models.detection, load(*backend, options, "ppocr_v6_detection"));
  OC_TRY(models.direction, load(*backend, options, "ppocr_v2_direction"));
  OC_TRY(models.recognition, load(*backend, options, "ppocr_v6_recognition"));
  return TextReader::create(models, {});
}

Result<FramePtr> decode(const std::string& path) {
  ocelli::base::SystemClock clock;
  OC_TRY(const auto reader, ocelli::media::FrameReader::open({path}, clock, {}));
  return reader->next();
}

ordered_json as_json(const TextLines& lines) {
  auto list = ordered_json::array();
  for (const auto& line : lines) {
    auto corners = ordered_json::array();
    for (const auto& corner : line.area.corners) corners.push_back({corner.x, corner.y});
    list.push_back({{"text", line.text}, {"score", line.score}, {"area", std::move(corners)}});
  }
  return list;
}

Status run(const Options& options) {
  OC_TRY(auto reader, make_reader(options));
  for (const auto& path : options.pictures) {
    double least_ms = 1e9;
    TextLines lines;
    for (int i = 0; i < options.runs; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      OC_TRY(const auto frame, decode(path));
      OC_TRY(lines, reader.read(*frame, nullptr));
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
      least_ms = std::min(least_ms, took.count());
    }
    const ordered_json line = {
        {"file", std::filesystem::path(path).filename().string()}, {"ms", least_ms}, {"lines", as_json(lines)}};
    std::cout << line.dump() << '\n';
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Prints the text in pictures");
  app.add_option("--cards", options.cards, "Folder of model cards")->required();
  app.add_option("--weights", options.weights, "Folder of ONNX files")->required();
  app.add_option("--threads", options.threads, "Threads of one model run")->check(CLI::Range(1, 256));
  app.add_option("--runs", options.runs, "Times that each picture is read")->check(CLI::Range(1, 1000));
  app.add_option("PICTURE", options.pictures, "Pictures")->required();
  CLI11_PARSE(app, argc, argv);
  if (const Status status = run(options); !status) {
    std::cerr << "text_probe: " << status.error().message() << '\n';
    return 1;
  }
  return 0;
}
