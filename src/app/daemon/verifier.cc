// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/verifier.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace caisson::daemon {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

Verifier::Verifier(Run run, Last last, std::function<void(const Verification&)> done)
    : run_(std::move(run)), last_(std::move(last)), done_(std::move(done)) {}

Verification Verifier::run() {
    if (!run_) {
        throw Error(Code::usage, "this daemon has nothing to verify");
    }
    const std::unique_lock running(running_, std::try_to_lock);
    if (!running) {
        throw Error(Code::locked, "a verification is running already", "ask again when it is done");
    }
    auto verification = run_();
    if (done_) {
        done_(verification);
    }
    const std::lock_guard lock(mutex_);
    known_ = verification;
    looked_ = steady_clock::now();
    return verification;
}

std::optional<Verification> Verifier::last() {
    std::optional<Verification> found;
    try {
        found = last_ ? last_() : std::nullopt;
    } catch (const std::exception& failure) {
        log::warning("verification_unreadable", {{"error", failure.what()}});
    }
    const std::lock_guard lock(mutex_);
    if (found) {
        known_ = std::move(found);
    }
    looked_ = steady_clock::now();
    return known_;
}

std::optional<Verification> Verifier::recent() {
    {
        const std::lock_guard lock(mutex_);
        if (looked_ != steady_clock::time_point() && steady_clock::now() - looked_ < 2s) {
            return known_;
        }
    }
    return last();
}

}  // namespace caisson::daemon
