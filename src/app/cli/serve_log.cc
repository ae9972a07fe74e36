// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_log.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "lifecycle/servers/server_log.h"

namespace caisson::cli {
namespace {

constexpr auto pause = std::chrono::seconds(10);

/// Whether what we write goes there: a process manager may keep our words elsewhere.
bool is_ours(const fs::path& file) {
    struct stat ours {};
    struct stat there {};
    return ::fstat(STDERR_FILENO, &ours) == 0 && ::stat(file.c_str(), &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

void keep_small(const trust::Run& run, const std::stop_token& stop) {
    const servers::ServerLog file(run.state.daemon_log());
    std::mutex mutex;
    std::condition_variable_any wakes;
    std::unique_lock lock(mutex);
    while (!wakes.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
        try {
            if (is_ours(run.state.daemon_log()) && file.rotate(servers::largest_log, run.account)) {
                log::info("log_rotated", {{"file", run.state.daemon_log().string()}});
            }
        } catch (const Error& error) {
            log::warning("log_rotated", {{"error", error.message()}});
        }
    }
}

}  // namespace

void give_log(const trust::Run& run) {
    if (run.account && ::geteuid() == 0 && is_ours(run.state.daemon_log()) &&
        ::fchown(STDERR_FILENO, run.account->user, run.account->group) != 0) {
        throw_file_error("change the owner of", run.state.daemon_log(), errno);
    }
}

daemon::Supervision with_log(const trust::Run& run, daemon::Supervision inner) {
    const auto keeper = std::make_shared<std::jthread>();
    return {[keeper, run, start = inner.start] {
                *keeper =
                    std::jthread([run](const std::stop_token& stop) { keep_small(run, stop); });
                if (start) {
                    start();
                }
            },
            [keeper, stop = inner.stop] {
                keeper->request_stop();
                if (stop) {
                    stop();
                }
                if (keeper->joinable()) {
                    keeper->join();
                }
            },
            inner.restarts};
}

}  // namespace caisson::cli
