// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/status.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "lifecycle/sources/version.h"

namespace caisson::migrations {
namespace {

using sources::canonical_version;
using sources::version_before;

constexpr std::array<std::string_view, 8> names = {"applied",   "pending", "gated",   "partial",
                                                   "reverting", "edited",  "missing", "late"};

std::string key(const std::string& source, const std::string& version) {
    return canonical_version(version) + " " + source;
}

bool is_on(const Features& features, const std::string& feature) {
    const auto found = features.find(feature);
    return feature.empty() || (found != features.end() && found->second);
}

State state_of(const Migration& migration, const Record* record, const Features& features) {
    if (!record) {
        return is_on(features, migration.up.directives.feature) ? State::pending : State::gated;
    }
    switch (record->progress) {
        case Progress::partial:
            return State::partial;
        case Progress::reverting:
            return State::reverting;
        case Progress::applied:
            break;
    }
    return record->checksum == migration.up.checksum ? State::applied : State::edited;
}

/// What is pending below the newest applied one of its source.
void mark_late(std::vector<Status>& all) {
    std::unordered_set<std::string> begun;
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
        if (!one->feature().empty()) {
            continue;
        }
        // A file that is applied in part is still on its way: it does not close what lies before.
        if (one->record && one->state != State::partial) {
            begun.insert(one->source());
        } else if (one->state == State::pending && begun.contains(one->source())) {
            one->state = State::late;
        }
    }
}

}  // namespace

std::string_view name_of(State state) { return names[static_cast<std::size_t>(state)]; }

std::vector<Status> status(const std::vector<Migration>& files, const History& history,
                           const Features& features) {
    std::unordered_map<std::string, const Record*> records;
    for (const auto& record : history) {
        records.emplace(key(record.source, record.version), &record);
    }
    std::vector<Status> all;
    std::unordered_map<std::string, std::size_t> sources;
    for (const auto& migration : files) {
        sources.emplace(migration.source, migration.source_index);
        const auto found = records.find(key(migration.source, migration.version));
        const Record* const record = found == records.end() ? nullptr : found->second;
        all.push_back({state_of(migration, record, features), &migration, record});
        if (record) {
            records.erase(found);
        }
    }
    // What is left has no file.
    const auto with_file = all.size();
    for (const auto& record : history) {
        if (records.contains(key(record.source, record.version))) {
            all.push_back({State::missing, nullptr, &record});
        }
    }
    if (all.size() > with_file) {
        const auto place = [&](const Status& one) {
            const auto found = sources.find(one.source());
            return found == sources.end() ? sources.size() : found->second;
        };
        std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
            return place(a) != place(b) ? place(a) < place(b)
                                        : version_before(a.version(), b.version());
        });
    }
    mark_late(all);
    return all;
}

}  // namespace caisson::migrations
