#pragma once

namespace ocelli::media::internal {

/// What an RTSP input notices while it is read; its AVFormatContext's `opaque` points here.
struct RtpNotes {
  bool lost = false;  ///< RTP packets are missing by their numbers, since this was last cleared
};

/// Some of what happens FFmpeg tells in its log only: decoders conceal errors (Codec hears them), the RTP reader goes
/// on behind lost packets (RtpNotes). From the first call on, both are told, on the thread that called FFmpeg. Nothing
/// is written. Idempotent.
void listen_to_ffmpeg();

}  // namespace ocelli::media::internal
