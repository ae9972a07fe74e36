// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "lifecycle/seeds/plan.h"

namespace caisson::seeds {
namespace {

constexpr std::size_t most_rows_told = 100;

class Look {
 public:
    Look(pg::Connection& connection, const Seeds& seeds) : connection_(connection), seeds_(seeds) {}

    Info run() {
        if (is_tracked(connection_)) {
            recorded_ = recorded_files(connection_);
            shapes_ = recorded_shapes(connection_);
            std::vector<pg::QualifiedName> tables;
            for (const auto& shape : shapes_) {
                tables.push_back(shape.table);
            }
            target_ = read_target(connection_, tables);
        }
        for (const auto& file : seeds_.files) {
            const auto known = std::find_if(recorded_.begin(), recorded_.end(),
                                            [&](const auto& one) { return one.name == file.name; });
            const auto* const recorded = known == recorded_.end() ? nullptr : &*known;
            Presence presence;
            presence.set = file.set;
            presence.file = file.name;
            presence.table =
                file.format == Format::sql ? join(file.writes, ", ") : file.table.text();
            presence.standing = standing_of(file, recorded);
            presence.rows = file.rows;
            add(presence, recorded);
        }
        for (const auto& gone : gone_files(seeds_, recorded_)) {
            Presence presence;
            presence.set = gone.set;
            presence.file = gone.name;
            presence.standing = Standing::gone;
            add(presence, &gone);
        }
        return std::move(info_);
    }

 private:
    void add(const Presence& file, const Recorded* recorded) {
        if (!recorded) {
            info_.files.push_back(file);
            return;
        }
        auto presence = file;
        presence.applied_at = recorded->applied_at;
        presence.applied_by = recorded->applied_by;
        const auto first = info_.files.size();
        for (const auto& state : states_of(connection_, recorded->id, shapes_, target_)) {
            presence.table = state.shape.table.text();
            auto same = std::find_if(
                info_.files.begin() + static_cast<std::ptrdiff_t>(first), info_.files.end(),
                [&](const auto& known) { return known.table == presence.table; });
            if (same == info_.files.end()) {
                info_.files.push_back(presence);
                same = std::prev(info_.files.end());
            }
            same->tracked += state.tracked;
            same->present += state.present;
            same->changed += state.changed;
            same->missing += state.missing;
            same->left += state.left;
            same->found += state.found;
            const auto odd = odd_rows(connection_, recorded->id, state, target_, most_rows_told);
            info_.rows.insert(info_.rows.end(), odd.begin(), odd.end());
        }
        if (info_.files.size() == first) {
            info_.files.push_back(presence);
        }
    }

    pg::Connection& connection_;
    const Seeds& seeds_;
    std::vector<Recorded> recorded_;
    std::vector<Shape> shapes_;
    Target target_;
    Info info_;
};

}  // namespace

Info info(pg::Connection& connection, const Seeds& seeds) {
    const pg::Transaction transaction(connection,
                                      "begin isolation level repeatable read read only");
    settle_session(connection);
    return Look(connection, seeds).run();
}

}  // namespace caisson::seeds
