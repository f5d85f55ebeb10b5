#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/atomic_file.h"
#include "base/result.h"
#include "events/sinks.h"

namespace ocelli::app {

/// Part of an analysis' results. finish() completes the file and gives it its name; without it a ".part" stays.
class ResultFile {
 public:
  virtual ~ResultFile() = default;
  virtual base::Status finish() = 0;
  /// Final names, once finished.
  virtual std::vector<std::string> paths() const = 0;
  /// One line each on what it could not show though nothing failed.
  virtual std::vector<std::string> warnings() const { return {}; }
};

/// events.jsonl: one CloudEvent a line, in the order in which they happened.
class EventFile final : public ResultFile, public events::EventSink {
 public:
  static base::Result<std::unique_ptr<EventFile>> create(const std::string& path);
  base::Status accept(const events::Event& event) override;
  base::Status finish() override { return file_.commit(); }
  std::vector<std::string> paths() const override { return {file_.path()}; }

 private:
  explicit EventFile(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
};

/// tracks.csv in the MOT Challenge's result format: frame (from 1), id, left, top, width, height, score, -1, -1, -1.
/// One row for each track that was seen in the frame.
class MotFile final : public ResultFile, public events::TrackSink {
 public:
  static base::Result<std::unique_ptr<MotFile>> create(const std::string& path);
  base::Status accept(const events::FrameTracks& tracks) override;
  base::Status finish() override { return file_.commit(); }
  std::vector<std::string> paths() const override { return {file_.path()}; }

 private:
  explicit MotFile(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
};

/// coco.json: a COCO data set whose annotations carry score and track_id. Annotations are streamed, so that memory does
/// not grow with their number.
class CocoFile final : public ResultFile, public events::TrackSink {
 public:
  static base::Result<std::unique_ptr<CocoFile>> create(const std::string& path,
                                                        const std::vector<std::string>& labels);
  base::Status accept(const events::FrameTracks& tracks) override;
  base::Status finish() override;
  std::vector<std::string> paths() const override { return {file_.path()}; }

 private:
  CocoFile(AtomicFile file, std::vector<std::string> labels) : file_(std::move(file)), labels_(std::move(labels)) {}

  struct Image {
    std::uint64_t id;
    int width;
    int height;
    double time_s;
  };
  AtomicFile file_;
  const std::vector<std::string> labels_;
  std::vector<Image> images_;
  std::uint64_t annotations_ = 0;
};

}  // namespace ocelli::app
