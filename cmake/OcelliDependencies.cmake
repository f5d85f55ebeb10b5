# Every third-party library, once. THIRD_PARTY.md says why each was chosen; scripts/setup installs them on Debian 12.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(Boost 1.81 REQUIRED)
find_package(SQLite3 3.38 REQUIRED)
pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswscale)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(LEMON REQUIRED IMPORTED_TARGET lemon)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)

# Debian ships OpenCVConfig.cmake only in libopencv-dev (611 MB, pulls in all modules); two modules are found by hand.
find_path(OPENCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module IN ITEMS core imgproc)
  find_library(OPENCV_${module}_LIBRARY opencv_${module} REQUIRED)
  add_library(opencv_${module} UNKNOWN IMPORTED)
  set_target_properties(opencv_${module} PROPERTIES
    IMPORTED_LOCATION ${OPENCV_${module}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE_DIR})
endforeach()

# ONNX Runtime is loaded at run time, so that one binary serves CPU and GPU builds of it: only its headers are needed here.
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_c_api.h
  HINTS ${CMAKE_SOURCE_DIR}/.deps/onnxruntime/include PATH_SUFFIXES onnxruntime onnxruntime/core/session)
if(NOT ONNXRUNTIME_INCLUDE_DIR)
  message(FATAL_ERROR "onnxruntime_c_api.h not found: run scripts/setup, or pass -DONNXRUNTIME_INCLUDE_DIR=<folder that holds it>")
endif()
find_library(ONNXRUNTIME_LIBRARY NAMES libonnxruntime.so.1.27.0 libonnxruntime.so.1 onnxruntime HINTS ${CMAKE_SOURCE_DIR}/.deps/onnxruntime/lib)
add_library(onnxruntime_headers INTERFACE)
target_include_directories(onnxruntime_headers SYSTEM INTERFACE ${ONNXRUNTIME_INCLUDE_DIR})

# A second runtime for models, faster on processors with bf16. `tools/wheel openvino .deps/openvino` brings it.
if(DEFINED OpenVINO_DIR)
  set(_openvino_default ON)
else()
  set(_openvino_default OFF)
endif()
option(OCELLI_WITH_OPENVINO "Build the OpenVINO backend" ${_openvino_default})
if(OCELLI_WITH_OPENVINO)
  find_package(OpenVINO CONFIG REQUIRED COMPONENTS Runtime HINTS ${CMAKE_SOURCE_DIR}/.deps/openvino/openvino/cmake)
  remove_definitions(-D_GLIBCXX_USE_CXX11_ABI=1)  # its target says so to whoever links it; the package says so to all
endif()

if(OCELLI_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()
