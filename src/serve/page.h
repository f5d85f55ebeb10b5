#pragma once

#include <span>
#include <string_view>

namespace ocelli::serve {

/// One file of the page (folder web/), embedded by the build.
struct PageFile {
  std::string_view path;  ///< as requested, without the leading slash: "app.js"
  std::string_view content_type;
  std::string_view etag;  ///< quoted, as the header wants it
  std::string_view content;
};

std::span<const PageFile> page_files();

}  // namespace ocelli::serve
