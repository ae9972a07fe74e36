// SPDX-License-Identifier: Apache-2.0
// The archived log that nothing needs any more: for `backup prune`.
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_keep.h"
#include "base/text.h"
#include "operations/backups/physical/trim.h"

namespace caisson::cli {
namespace {

namespace physical = backups::physical;
namespace retention = backups::retention;

/// Sets that should have gone and are still there need everything, as those do that are not named.
physical::Needs needs_of(const retention::Plan& plan, bool dry_run) {
    physical::Needs needs;
    for (const auto& each : plan.sets) {
        if (each.keep) {
            needs[each.set.id] =
                each.keeps_log ? physical::Need::everything : physical::Need::itself;
        } else if (dry_run) {
            needs[each.set.id] = physical::Need::nothing;
        }
    }
    return needs;
}

boost::json::object to_json(const physical::Trim& trim) {
    boost::json::array spans;
    for (const auto& span : trim.spans) {
        spans.push_back(
            boost::json::object{{"from", physical::segment_name(span.first, trim.segment_bytes)},
                                {"to", physical::segment_name(span.last, trim.segment_bytes)},
                                {"segments", span.segments},
                                {"bytes", span.bytes}});
    }
    boost::json::array unknown(trim.unknown_timelines.begin(), trim.unknown_timelines.end());
    return {{"repository", trim.repository},
            {"cluster", trim.stanza},
            {"segments", trim.segments},
            {"bytes", trim.bytes},
            {"spans", std::move(spans)},
            {"unknown_timelines", std::move(unknown)},
            {"doubt", trim.doubt}};
}

void print(Context& context, const physical::Trim& trim, bool dry_run) {
    if (!trim.doubt.empty()) {
        context.print(fmt::format("  the log of {} stays in whole: {}", trim.stanza, trim.doubt));
        return;
    }
    for (const auto& span : trim.spans) {
        context.print(fmt::format("  {} log {} to {}: {}, {}{}", context.red("-"),
                                  physical::segment_name(span.first, trim.segment_bytes),
                                  physical::segment_name(span.last, trim.segment_bytes),
                                  counted(span.segments, "segment"), human_bytes(span.bytes),
                                  dry_run ? " would go" : " go: no set that is kept needs them"));
    }
    for (const auto timeline : trim.unknown_timelines) {
        context.print(fmt::format(
            "  the log of timeline {} is kept in whole: its history, {:08X}.history, is missing",
            timeline, timeline));
    }
    if (trim.spans.empty()) {
        context.print(fmt::format("  of the log of {} nothing goes", trim.stanza));
    }
}

/// Whether all of it is gone.
bool remove(Context& context, const backups::Repository& repository, const physical::Trim& trim,
            const physical::Needs& needs, boost::json::object& row) {
    const bool told = remember_backup(context, "backup prune log", row);
    const auto trimmed = physical::trim(repository, trim, needs);
    row["removed_bytes"] = trimmed.bytes;
    row["left"] = trimmed.left;
    if (!trimmed.left.empty()) {
        context.print(
            fmt::format("  {} the rest of the log stays: {}", context.red("✗"), trimmed.left));
    }
    context.print(fmt::format("  {} of the log removed", human_bytes(trimmed.bytes)));
    if (told) {
        remember_backup(context, "backup prune log done", row);
    }
    return trimmed.left.empty();
}

}  // namespace

bool trim_logs(Context& context, const backups::Repository& repository, const retention::Plan& plan,
               boost::json::object& row) {
    const auto needs = needs_of(plan, context.dry_run());
    boost::json::array logs;
    bool holds = true;
    try {
        for (const auto& trim : physical::plan_trim(context.run(), repository, needs)) {
            print(context, trim, context.dry_run());
            auto log = to_json(trim);
            if (!context.dry_run() && !trim.files.empty()) {
                holds &= remove(context, repository, trim, needs, log);
            }
            logs.push_back(std::move(log));
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted || error.code() == Code::locked) {
            throw;
        }
        context.print(fmt::format("  {} the log stays: {}", context.red("✗"), error.message()));
        row["log_problem"] = error.message();
        holds = false;
    }
    row["log"] = std::move(logs);
    return holds;
}

}  // namespace caisson::cli
