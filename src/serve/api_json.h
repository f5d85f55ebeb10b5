#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/model_updater.h"
#include "serve/access.h"
#include "serve/event_ring.h"
#include "serve/live_view.h"

namespace ocelli::serve {

/// {"cameras":[{"name":…,"state":…,"reason":…,"width":…,…}]}. Unknown values are null.
std::string cameras_json(std::span<const CameraOverview> cameras);

/// One of them.
std::string camera_json(const CameraOverview& camera);

/// {"camera":…,"time_s":…,"width":…,"height":…,"tracks":[{"id":…,"label":…,"color":"#rrggbb",…}]}.
std::string tracks_json(const CameraTracks& tracks);

/// {"events":[CloudEvents…],"cursor":…}: the cursor continues where this answer ends.
std::string events_json(std::span<const RingEvent> events, const std::string& cursor);

/// {"models":[{"name":…,"version":…,…,"update":{"card":…,"state":…,…}}]}; update is null before the first.
std::string models_json(const infer::ServedModel& model, const std::optional<engine::ModelUpdateStatus>& update);

/// {"log_in":…,"name":…,"role":…}: whether one is needed, and who asks; null: nobody.
std::string session_json(bool needs_log_in, const std::optional<Principal>& principal);

/// {"status":…,"reason":…}.
std::string health_json(const std::string& status, const std::string& reason);

}  // namespace ocelli::serve
