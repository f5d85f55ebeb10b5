#include "config/fields.h"

namespace ocelli::config {
namespace {

constexpr double kSecond = 1'000;
constexpr double kMinute = 60 * kSecond;
constexpr double kHour = 60 * kMinute;
constexpr double kDay = 24 * kHour;
constexpr double kMaxPathBytes = 4'096;
constexpr double kMostProbeBytes = 100'000'000;
constexpr double kMaxClasses = 1'000;
constexpr double kMaxCorners = 200;

std::vector<Field> fields_of(ServerConfig& server) {
  return {
      {"bind", &server.bind, 1, 255,
       "Address to listen on. On anything but loopback everybody needs a token (docs/access.md); put a proxy with TLS "
       "in "
       "front where the network is not your own."},
      {"port", &server.port, 0, 65'535, "Port to listen on; 0 takes any free one."},
      {"tokens", &server.tokens, 0, kMaxPathBytes,
       "File of the tokens that `ocelli tokens` makes. Empty: `tokens.json` in the user's data folder "
       "(`$XDG_DATA_HOME/ocelli`, else `~/.local/share/ocelli`)."},
  };
}

std::vector<Field> fields_of(base::Logger::Config& log) {
  return {
      {"level", &log.level, 0, 0, "What is less important than this is not written."},
      {"format", &log.format, 0, 0, "Lines for people, or one JSON object a line for machines."},
      {"camera_lines_per_second", &log.camera_lines_per_second, 0.1, 1'000,
       "A camera that complains more often is held back; the log says how many lines that were."},
  };
}

std::vector<Field> fields_of(ModelConfig& model) {
  return {
      {"name", &model.name, 1, 100, "Name of a model card; `ocelli models list` shows them."},
      {"cards", &model.cards, 0, kMaxPathBytes, "Folder of model cards; empty: the one that comes with ocelli."},
      {"store", &model.store, 0, kMaxPathBytes, "Folder of pulled weights; empty: the user's data folder."},
      {"score", &model.score, 0, 1, "Detections that score less are dropped; 0: as the model card says."},
      {"threads", &model.intra_op_threads, 0, 256, "Threads of one inference; 0: a measured default."},
      {"batch", &model.batch, 0, 64,
       "How many pictures of different cameras may share one inference. 0: 1 on the processor, where sharing does not "
       "pay; what pays, by a measurement at the start, on other providers. A picture never waits for others."},
      {"precision", &model.precision, 0, 0,
       "What the model computes with. `fp32`: the weights as published. `bf16`: the same, rounded; needs OpenVINO and "
       "a "
       "processor that has it. `int8`: needs `ocelli models quantize` first. `auto`: what `ocelli models tune` found "
       "best "
       "on this machine, else fp32."},
      {"provider", &model.provider, 0, 0,
       "What ONNX Runtime computes on. What cannot be had is replaced by `cpu`, with the reason in the log; `ocelli "
       "doctor` "
       "shows all."},
  };
}

std::vector<Field> fields_of(InferConfig& infer) {
  return {
      {"models", &infer.models, 0, kMaxPathBytes,
       "Names of model cards that may be asked, and `ocr` and `inspect`, with commas between them; empty: all whose "
       "weights are pulled; `none`: no."},
      {"kept_models", &infer.kept_models, 1, 100,
       "How many stay loaded; the one that was not asked for the longest time makes room for another."},
      {"waiting_jobs", &infer.waiting_jobs, 1, 10'000,
       "Pictures that may wait or be worked on at once; more are answered 503."},
  };
}

std::vector<Field> fields_of(engine::ModelUpdateConfig& updates) {
  return {
      {"promotion", &updates.promotion, 0, 0,
       "Whether a new model that passes serves at once, or waits for a POST to /api/v1/models/promote."},
      {"warm_up_runs", &updates.canary.warm_up_runs, 1, 100'000, "Runs on live pictures before it is compared."},
      {"shadow_frames", &updates.canary.shadow_frames, 1, 1'000'000,
       "Live pictures that the new model and the one that serves both look at."},
      {"least_agreement", &updates.canary.least_agreement, 0, 1,
       "F1 of its boxes against those of the model that serves; below, it is rejected."},
      {"most_slowdown", &updates.canary.most_slowdown, 0.01, 1'000,
       "Its time for a picture, as a multiple of the other's; above, it is rejected."},
      {"picture_patience", &updates.canary.frame_patience, 100, kHour, "How long the next live picture is waited for."},
      {"memory_mib", &updates.memory_mib, 0, 1 << 20,
       "Memory that a new model gets in the process that tries it, in MiB; 0: 1024 and eight times its weights, but no "
       "more than half of the machine's."},
      {"trial", &updates.trial, 0, kHour,
       "How long the model before is kept, ready to take over when the new one fails or is slow."},
  };
}

std::vector<Field> fields_of(store::StoreConfig& store) {
  return {
      {"enabled", &store.enabled, 0, 0, "Whether `ocelli serve` stores at all."},
      {"path", &store.path, 0, kMaxPathBytes,
       "The file; made when it is not there. Empty: `events.db` in the user's data folder "
       "(`$XDG_DATA_HOME/ocelli`, else `~/.local/share/ocelli`)."},
      {"keep_days", &store.keep_days, 0, 36'500, "What was stored longer ago is removed; 0: nothing is, for its age."},
      {"max_mib", &store.max_mib, 0, 1 << 20,
       "Bound on the file, in MiB; the oldest is removed first; 0: none. Its log takes up to 16 MiB more."},
      {"near_misses", &store.near_misses, 0, 10'000'000,
       "What nearly happened: so many are kept of each camera, the newest."},
      {"waiting_events", &store.waiting_events, 16, 1'000'000,
       "Records that may wait for the disk, about 1 KiB each in memory; near misses may fill half of it."},
  };
}

std::vector<Field> fields_of(track::TrackerConfig& tracker) {
  return {
      {"high_score", &tracker.high_score, 0, 1, "Detections from here up are matched to tracks first."},
      {"low_score", &tracker.low_score, 0, 1, "Detections from here up may continue a track, but not begin one."},
      {"begin_score", &tracker.begin_score, 0, 1, "A new track needs at least this score."},
      {"min_iou_first", &tracker.min_iou_first, 0, 1, "Least overlap of track and detection, high scores."},
      {"min_iou_second", &tracker.min_iou_second, 0, 1, "Least overlap of track and detection, low scores."},
      {"min_iou_other_class", &tracker.min_iou_other_class, 0, 1,
       "Least overlap of a track with a detection of another class, where nothing else explains either; 1: never."},
      {"confirm_hits", &tracker.confirm_hits, 1, 100, "Detections until a track counts."},
      {"keep_lost", &tracker.keep_lost, 0, kHour, "How long an object that is no longer seen is remembered."},
  };
}

}  // namespace

std::vector<Section> sections_of(SiteConfig& site) {
  return {
      {"server", "The page, the API and the metrics of `ocelli serve`.", fields_of(site.server)},
      {"log", "What is written to standard error.", fields_of(site.log)},
      {"model", "The detector, shared by all cameras.", fields_of(site.model)},
      {"updates", "What a new model must show before it serves the running cameras.", fields_of(site.updates)},
      {"infer", "Pictures that are sent to `/api/v1/infer`.", fields_of(site.infer)},
      {"store", "Where events, near misses and tracks are kept (docs/store.md).", fields_of(site.store)},
      {"tracker", "How detections become tracks, for all cameras.", fields_of(site.tracker)},
  };
}

std::vector<Field> fields_of(engine::StreamConfig& camera) {
  return {
      {"url", &camera.source.url, 1, kMaxPathBytes,
       "File, pipe, folder of pictures, /dev/video*, or http://, https://, rtsp:// or rtsps:// address. Secrets as "
       "`${NAME}`, from the environment.",
       Presence::required},
      {"fps", &camera.max_fps, 0, 240, "Pictures analysed per second; 0: all."},
      {"classes", &camera.labels, 1, kMaxClasses, "What is looked for, by the model's class names; absent: all."},
      {"timeout", &camera.source.timeout, 100, 10 * kMinute,
       "Opening may take this long the first time; a camera that is known gets less."},
      {"stall_after", &camera.life.stall_after, 500, 10 * kMinute,
       "No picture for this long, or three times the camera's usual pause: stalled; after twice that, opened again."},
      {"retry_within", &camera.life.longest_pause, 100, kHour,
       "Longest time between the beginnings of two attempts to open it."},
      {"decode", &camera.decode.level, 0, 0,
       "Which pictures are decoded; auto: the least that gives `fps`, every: all, referenced: not those that no other "
       "needs, key: key frames."},
      {"decode_device", &camera.decode_device, 0, 0,
       "What decodes; auto: hardware where there is some and it takes the stream, else software. "
       "docs/hardware.md tells the kinds."},
      {"after_key", &camera.decode.after_key, 0, 1'000, "With decode: key, pictures behind each key frame."},
      {"loop", &camera.loop, 0, 0, "Files begin again at their end, as if they were cameras."},
      {"transport", &camera.source.transport, 0, 0,
       "How RTSP packets travel; auto: tcp, then udp, then http (tunnel), as the server and the network let."},
      {"tls_verify", &camera.source.tls_verify, 0, 0,
       "rtsps:// and https://: refuse a server whose certificate does not prove its name."},
      {"tls_ca_file", &camera.source.tls_ca_file, 0, kMaxPathBytes,
       "PEM file of the authorities that are believed; empty: the system's."},
      {"probe_bytes", &camera.source.probe_bytes, 0, kMostProbeBytes,
       "How much of the input may be read until its streams are known; 0: as docs/sources.md says for its container."},
      {"analyze_duration", &camera.source.analyze_duration, 0, kMinute, "The same in time of the video; 0s: likewise."},
      {"relink_window", &camera.rules.relink_window, 0, kMinute,
       "An object whose number changes within this time, because it was hidden or confused, goes on for zones and "
       "lines; 0s: never."},
      {"picture_rate", &camera.source.pictures_per_second, 0.001, 1'000,
       "Pictures per second of a folder of pictures; what a camera of this machine is asked for."},
  };
}

std::vector<Field> fields_of(engine::RecordConfig& record) {
  return {
      {"folder", &record.folder, 0, kMaxPathBytes,
       "Where clips go, as `<camera>-<UTC>-<event>.mp4` (`.mkv` for codecs foreign to MP4); made when it is not there. "
       "Cameras may share one, processes may not. Empty: nothing is recorded."},
      {"before", &record.before, 0, 10 * kMinute,
       "Before the event; a clip begins at the key frame at or before that."},
      {"after", &record.after, 0, 10 * kMinute, "After the event."},
      {"longest", &record.longest, kSecond, kHour, "Events that come meanwhile extend a clip up to this length."},
      {"events", &record.events, 1, 100,
       "Types of events that are recorded, as in docs/rules.md and docs/crowd.md, such as line_crossed; absent: all."},
      {"folder_mib", &record.folder_mib, 1, 1'000'000'000,
       "Bound on all clips in the folder, in MiB; the oldest are removed first, other files never."},
      {"memory_mib", &record.memory_mib, 1, 65'536,
       "Bound on the packets kept in memory for a clip to come, in MiB; up to twice as much may wait for a slow disk."},
  };
}

std::vector<Field> fields_of(events::ZoneConfig& zone) {
  return {
      {"points", &zone.corners, 3, kMaxCorners, "The corners in the order in which one walks around the zone.",
       Presence::required},
      {"classes", &zone.labels, 1, kMaxClasses, "Classes that count; absent: all."},
      {"min_stay", &zone.min_stay, 0, kHour, "Inside (outside) for this long before it counts as entered (left)."},
      {"dwell", &zone.dwell, 0, kDay, "A stay of this length is a `zone_dwell`; 0s: none."},
      {"occupancy", &zone.occupancy, 0, 10'000,
       "This many inside at once are an `occupancy_began`, fewer again an `occupancy_ended`; 0: none."},
      {"occupancy_for", &zone.occupancy_for, 0, kHour, "So many, or fewer, for this long before it counts."},
      {"heading_deg", &zone.heading_deg, 0, 360,
       "The way to go, as seen on the screen: 0 up, 90 to the right, 180 down; with `wrong_way_for`."},
      {"heading_within_deg", &zone.heading_within_deg, 1, 179, "Who differs more from it goes the wrong way."},
      {"wrong_way_for", &zone.wrong_way_for, 0, kHour, "Going the wrong way for this long is a `wrong_way`; 0s: none."},
      {"max_speed_kmh", &zone.max_speed_kmh, 0, 1'000,
       "Going faster is a `speeding`; 0: none. Without `ground` only people's speed is known, roughly."},
      {"speeding_for", &zone.speeding_for, 0, kHour, "Faster for this long before it counts."},
      {"things", &zone.things, 1, kMaxClasses, "Classes that can be left or removed."},
      {"left_after", &zone.left_after, 0, kDay,
       "A thing that stood still, with nobody near, for this long is an `object_left`; 0s: none."},
      {"left_distance_m", &zone.left_distance_m, 0.1, 1'000, "Who is nearer to a thing is with it."},
      {"removed_after", &zone.removed_after, 0, kDay,
       "A thing that stood still for this long and is gone, though its place can be seen, is an `object_removed`; "
       "0s: none."},
  };
}

std::vector<IdleKey> idle_keys(const events::ZoneConfig& zone) {
  std::vector<IdleKey> idle;
  if (zone.occupancy == 0) idle.push_back({"occupancy_for", "occupancy"});
  if (zone.wrong_way_for.count() == 0) {
    idle.push_back({"heading_deg", "wrong_way_for"});
    idle.push_back({"heading_within_deg", "wrong_way_for"});
  }
  if (zone.max_speed_kmh == 0) idle.push_back({"speeding_for", "max_speed_kmh"});
  if (zone.left_after.count() == 0) idle.push_back({"left_distance_m", "left_after"});
  if (zone.left_after.count() == 0 && zone.removed_after.count() == 0) {
    idle.push_back({"things", "left_after or removed_after"});
  }
  return idle;
}

std::vector<Field> fields_of(WrittenLine& written) {
  events::LineConfig& line = written.line;
  return {
      {"from", &line.from, 0, 0, "First point. Walking from here to the second, left to right is \"forward\"."},
      {"to", &line.to, 0, 0, "Second point."},
      {"points", &written.points, 2, kMaxCorners, "In place of from and to: all points of a line with bends."},
      {"classes", &line.labels, 1, kMaxClasses, "Classes that count; absent: all."},
      {"hysteresis", &line.hysteresis, 0, 0.5,
       "Share of the picture's height that an object must go beyond the line before it counts."},
      {"allowed", &line.allowed, 0, 0, "Crossing the other way is a `wrong_way`, too."},
      {"tailgating", &line.tailgating, 0, kHour,
       "Who crosses the same way as another not later than this after him is a `tailgating`; 0s: none."},
  };
}

std::vector<Field> fields_of(events::GroundConfig& ground) {
  return {
      {"points", &ground.points, 4, 4, "Four places on the ground, as shares of the picture; no three in a line."},
      {"metres", &ground.metres, 4, 4, "Where they are in metres, in the same order, from any origin."},
      {"person_height_m", &ground.person_height_m, 0.5, 3,
       "How tall people are: the ruler of a camera without points."},
  };
}

std::vector<Field> fields_of(events::CrowdConfig& crowd) {
  return {
      {"enabled", &crowd.enabled, 0, 0, "Whether crowds are looked for."},
      {"classes", &crowd.labels, 1, kMaxClasses, "Classes that count; absent: person."},
      {"people", &crowd.people, 2, 1'000, "A crowd has at least so many."},
      {"distance_m", &crowd.distance_m, 0.1, 100, "Neighbours are nearer than this, centre to centre, in metres."},
      {"window_iou", &crowd.window_iou, 0, 1,
       "Gathering: least overlap (Jaccard index) of the members with those one window before, as a mean over "
       "`gather`."},
      {"speed_px", &crowd.speed_px, 0, 100,
       "Loitering: mean speed of the members. A px is a hundredth of a person's height, a frame 1/25 s."},
      {"drift_px", &crowd.drift_px, 0, 10'000, "Loitering: how far their centre moves within `drift_window`."},
      {"radius_growth", &crowd.radius_growth, 0, 100, "Dispersing: growth of the radius within `disperse`; 0.4: 40 %."},
      {"spread_growth", &crowd.spread_growth, 0, 100, "Dispersing: growth of the spread within `disperse`."},
      {"least_radius_m", &crowd.least_radius_m, 0.01, 100,
       "What is smaller counts as this large when it grows: nobody disperses within a handspan."},
      {"hysteresis", &crowd.hysteresis, 0, 10,
       "Neighbours stay such, and people count as staying, up to this share beyond `distance_m`."},
      {"gather", &crowd.gather, 0, kHour, "Together for this long: gathering."},
      {"loiter", &crowd.loiter, 0, kHour, "Together for this long, and slow: loitering."},
      {"disperse", &crowd.disperse, 100, kMinute,
       "Time within which a crowd that disperses grows; the state ends then."},
      {"drift_window", &crowd.drift_window, 100, kHour, "For `drift_px`."},
      {"window", &crowd.window, 100, kMinute, "Over which staying, speed and overlap are judged."},
      {"end_after", &crowd.end_after, 0, kHour, "Too few people for this long: the crowd has ended."},
      {"settle", &crowd.settle, 0, kHour, "Two crowds in touch for this long become one."},
      {"absence", &crowd.absence, 0, kMinute, "Somebody not seen for this long is still taken to be there."},
      {"smoothing", &crowd.smoothing, 10, kMinute, "Time constant of the mean over a person's places."},
      {"near_miss_share", &crowd.near_miss_share, 0, 1,
       "Share of `gather` or `loiter` that a chance must have lasted to be told as a near miss."},
      {"near_miss_pause", &crowd.near_miss_pause, 0, kHour, "Between two near misses of the same kind."},
      {"ground", &crowd.ground, 4, 4,
       "Corners of a rectangle on the ground, walking around it: the homography that gives metres. Absent: metres from "
       "the height of people in the picture."},
      {"ground_width_m", &crowd.ground_width_m, 0, 10'000, "From its first corner to its second, in metres."},
      {"ground_depth_m", &crowd.ground_depth_m, 0, 10'000, "From its second corner to its third."},
      {"person_height_m", &crowd.person_height_m, 0.1, 10, "Without `ground`: how tall people are."},
      {"view_angle_deg", &crowd.view_angle_deg, 10, 150, "Without `ground`: the camera's horizontal view angle."},
  };
}

std::vector<Field> fields_of(events::BehaviourThresholds& behaviour) {
  return {
      {"score", &behaviour.score, 0, 1, "Least score of the class, as a mean over about the last second."},
      {"hold", &behaviour.hold, 0, kHour, "So much for this long, without a break, is a `behaviour_began`."},
      {"end_score", &behaviour.end_score, 0, 1, "Highest score at which it is over."},
      {"end_after", &behaviour.end_after, 0, kHour, "No more than that for this long is a `behaviour_ended`."},
      {"quality", &behaviour.quality, 0, 1,
       "Least quality of the track: the mean score of its detections over about the last second."},
  };
}

engine::StreamConfig default_camera() {
  engine::StreamConfig camera;
  camera.pace = engine::Pace::natural;
  camera.reconnect = true;
  camera.loop = true;
  return camera;
}

std::vector<std::string> choices(const base::LogLevel* /*level*/) {
  return {"debug", "info", "warn", "error", "off"};
}
std::vector<std::string> choices(const base::LogFormat* /*format*/) {
  return {"console", "json"};
}
std::vector<std::string> choices(const media::RtspTransport* /*transport*/) {
  return {"auto", "tcp", "udp", "http"};
}
std::vector<std::string> choices(const media::DecodeLevel* /*level*/) {
  return {"auto", "every", "referenced", "key"};
}
std::vector<std::string> choices(const media::DecodeDevice* /*device*/) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(media::DecodeDevice::d3d11va); ++i) {
    names.emplace_back(media::decode_device_name(static_cast<media::DecodeDevice>(i)));
  }
  return names;
}
std::vector<std::string> choices(const infer::PrecisionChoice* /*precision*/) {
  return {"fp32", "bf16", "int8", "auto"};
}
std::vector<std::string> choices(const infer::Provider* /*provider*/) {
  return {"cpu", "cuda", "tensorrt", "openvino"};
}

std::vector<std::string> choices(const engine::Promotion* /*promotion*/) {
  return {"automatic", "by_hand"};
}

std::vector<std::string> choices(const events::AllowedDirection* /*allowed*/) {
  return {"both", "forward", "backward"};
}

}  // namespace ocelli::config
