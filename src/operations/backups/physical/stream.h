// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The log as it is written, beside the archive: what the loss of the data directory would take is
/// then less than a second of writes, and not the segment at hand. By pg_receivewal, watched over.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operations/backups/physical/segment.h"
#include "trust/session.h"

namespace caisson::backups::physical {

/// State::backups()/stream/<system identifier>: two clusters are never mixed.
fs::path stream_directory(const trust::Run& run, const std::string& system_identifier);
struct StreamedSegment {
    Segment segment;
    fs::path path;
    bool is_partial = false;
};
/// In order.
std::vector<StreamedSegment> streamed_segments(const trust::Run& run,
                                               const std::string& system_identifier);

/// The slot keeps what was not received; it is made with the stream and dropped by stop().
inline constexpr std::string_view stream_slot = "caisson_stream";

struct StreamStatus {
    bool is_streaming = false;  ///< The server sends to it now.
    std::string received;       ///< LSN, by the server's word.
    std::uint64_t lag_bytes = 0;
    std::uint64_t restarts = 0;
    std::string problem;  ///< Of the last end; empty while it runs.
};

class Stream {
 public:
    struct Limits {
        std::chrono::milliseconds first_delay{200};  ///< Before a restart; it doubles.
        std::chrono::milliseconds longest_delay{5'000};
        std::chrono::milliseconds trim_interval{30'000};  ///< Between removals of what is archived.
    };
    /// `tell` is called on the stream's thread with a sentence for a log, and must not throw.
    explicit Stream(trust::Run run, std::function<void(const std::string&)> tell = {});
    Stream(trust::Run run, std::function<void(const std::string&)> tell, Limits limits);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    /// Ends the receiver and leaves the slot, so that the next one goes on where it ended.
    ~Stream();

    /// Returns at once; what fails is tried again. Fine to call twice.
    void start();
    /// Ends it for good: the slot, which would keep segments for ever, is dropped. What was
    /// received stays.
    void stop();
    StreamStatus status() const;

 private:
    class Watch;
    std::unique_ptr<Watch> watch_;
};

}  // namespace caisson::backups::physical
