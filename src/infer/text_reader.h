#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/trace.h"
#include "infer/backend.h"
#include "infer/ctc_decoder.h"
#include "infer/model_card.h"
#include "infer/text_regions.h"
#include "media/frame.h"
#include "vision/letterbox.h"
#include "vision/preprocess.h"
#include "vision/rectifier.h"

namespace ocelli::infer {

/// A line of text in a picture.
struct TextLine {
  vision::Quadrilateral
      area;          ///< pixels of the picture, inside it; corners as somebody who sees the picture names them
  std::string text;  ///< UTF-8
  float score = 0;   ///< mean probability of its characters, 0…1
};
using TextLines = std::vector<TextLine>;

/// The models that reading takes, each with its card.
struct TextModels {
  struct Model {
    ModelCard card;
    std::shared_ptr<Session> session;  // co-owned by the readers
  };
  Model detection;
  Model direction;
  Model recognition;
};

struct TextReaderConfig {
  float least_score = 0.5F;      ///< lines that are read with less are dropped
  float direction_score = 0.9F;  ///< a line is turned over when the model is surer than this
  TextRegionThresholds regions{};
};

/// Reads the text in a picture: finds regions, cuts each out as if seen from the front, turns it over where it stands
/// on its head, reads it (PP-OCR, arXiv:2009.09941). Lines come in reading order. One thread at a time; sessions are
/// shared.
class TextReader {
 public:
  /// `invalid` when a card is of another task or does not fit its model; `not_found` when the recogniser carries no
  /// characters.
  static base::Result<TextReader> create(const TextModels& models, const TextReaderConfig& config);

  base::Result<TextLines> read(const media::Frame& frame, base::Tracer* tracer);

 private:
  struct Stage {
    vision::InputSpec input;
    std::shared_ptr<Session> session;  // outlives the binding, which is why it stands before it
    std::unique_ptr<OpenBinding> binding;
    vision::Preprocessor preprocessor;  // changed to the size of each run
  };
  TextReader(const TextReaderConfig& config, Stage detection, Stage direction, Stage recognition, CtcDecoder decoder)
      : config_(config),
        detection_(std::move(detection)),
        direction_(std::move(direction)),
        recognition_(std::move(recognition)),
        decoder_(std::move(decoder)) {}

  static base::Result<Stage> make_stage(const TextModels::Model& model, Task task);
  base::Result<std::vector<TextRegion>> find(const media::Frame& frame);
  base::Result<std::vector<media::FramePtr>> cut(const std::vector<TextRegion>& regions) const;
  base::Status turn_over(std::vector<media::FramePtr>& lines);
  base::Result<RecognisedText> recognise(const media::Frame& line);

  TextReaderConfig config_;
  Stage detection_;
  Stage direction_;
  Stage recognition_;
  CtcDecoder decoder_;
  vision::Rectifier rectifier_;
};

/// How the detector sees a picture of this size: canvas of whole multiples of 32 pixels, and how the picture gets onto
/// it. Small pictures are enlarged until the shorter side has the card's height or the longer one its width, whichever
/// comes first; very large ones shrink. Very wide ones, which hold a single line, get black above and below, since the
/// network was never taught text that fills the height.
struct DetectionCanvas {
  int width = 0;
  int height = 0;
  vision::Fit fit = vision::Fit::stretch;
};
DetectionCanvas detection_canvas(int width, int height, const vision::InputSpec& input);

}  // namespace ocelli::infer
