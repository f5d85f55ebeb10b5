#pragma once

#include <string>

#include "base/result.h"
#include "serve/http_message.h"
#include "serve/site_editor.h"

namespace ocelli::serve {

// From requests that change the site to edits, and from how those end to answers. Free of sockets and of the site.

/// The body: {"name": …, and what the configuration has under `cameras`}. `invalid`.
base::Result<SiteEdit> edit_to_add_camera(const HttpRequest& request);

/// The bodies of DeepStream's POST /api/v1/stream/add and …/remove: the camera is called after `camera_id`, with '_'
/// for what no name here may hold. `invalid`.
base::Result<SiteEdit> edit_to_add_stream(const HttpRequest& request);
base::Result<SiteEdit> edit_to_remove_stream(const HttpRequest& request);

/// The body of a log-in: {"token": …}. `invalid`.
base::Result<std::string> token_of(const HttpRequest& request);

/// `done_status`: of what was done, where nothing else is to be said.
HttpResponse edit_response(const EditAnswer& answer, int done_status);

/// Takes over ?dry_run=true and If-Match. `invalid`.
base::Status apply_conditions(const HttpRequest& request, const HttpTarget& target, SiteEdit& edit);

}  // namespace ocelli::serve
