// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "app/cli/context.h"

namespace caisson::cli {

/// A bar of bytes, begun anew when what is measured changes.
class BackupBar {
 public:
    explicit BackupBar(Context& context) : context_(context) {}
    BackupBar(const BackupBar&) = delete;
    BackupBar& operator=(const BackupBar&) = delete;

    void show(const std::string& what, std::uint64_t done, std::uint64_t total) {
        if (!bar_ || total != total_) {
            bar_.reset();
            bar_.emplace(context_, "backup", std::max<std::uint64_t>(total >> 10U, 1));
            total_ = total;
        }
        bar_->show(done >> 10U, what);
    }
    void end() { bar_.reset(); }
    std::function<void(const std::string&, std::uint64_t, std::uint64_t)> progress() {
        return [this](const std::string& what, std::uint64_t done, std::uint64_t total) {
            show(what, done, total);
        };
    }

 private:
    Context& context_;
    std::optional<Progress> bar_;
    std::uint64_t total_ = 0;
};

}  // namespace caisson::cli
