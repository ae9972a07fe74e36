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
using sources::Kind;

constexpr std::array<std::string_view, 10> names = {"applied",   "pending", "gated",   "partial",
                                                    "reverting", "edited",  "missing", "late",
                                                    "changed",   "skipped"};

using Records = std::unordered_map<std::string, const Record*>;

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
    // A step in another language has no text of ours to compare, also when its SQL is there by now.
    if (record->checksum.empty() || record->checksum == migration.up.checksum) {
        return State::applied;
    }
    return migration.kind == Kind::repeatable ? State::changed : State::edited;
}

/// Gives each file its row. A baseline and the version it stands for have the same key: the row is
/// the baseline's where its checksum says so, or where nobody else has the key.
void match(std::vector<Status>& all, Records& records, const Features& features) {
    const auto take = [&](Status& one, bool same_text) {
        const auto found = records.find(key(one.source(), one.version()));
        if (found != records.end() &&
            (!same_text || found->second->checksum == one.migration->up.checksum)) {
            one.record = found->second;
            records.erase(found);
        }
    };
    const auto is_baseline = [](const Status& one) {
        return one.migration->kind == Kind::baseline;
    };
    for (auto& one : all) {
        if (is_baseline(one)) {
            take(one, true);
        }
    }
    for (auto& one : all) {
        if (!is_baseline(one)) {
            take(one, false);
        }
    }
    for (auto& one : all) {
        if (is_baseline(one) && !one.record) {
            take(one, false);
        }
        one.state = state_of(*one.migration, one.record, features);
    }
}

/// The files [first, last) of one source.
struct Range {
    std::size_t first = 0;
    std::size_t last = 0;
};

std::vector<Range> ranges(const std::vector<Status>& all) {
    std::vector<Range> found;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i == 0 || all[i].migration->source_index != all[i - 1].migration->source_index) {
            found.push_back({i, i});
        }
        found.back().last = i + 1;
    }
    return found;
}

/// What a baseline stands for is not to be run any more, nor is a baseline where there is history.
void skip(std::vector<Status>& all, const Range& range, bool has_history) {
    std::size_t chosen = range.last;
    for (auto i = range.first; i < range.last; ++i) {
        if (all[i].migration->kind == Kind::baseline &&
            (has_history ? all[i].record != nullptr : all[i].state == State::pending)) {
            chosen = i;
        }
    }
    for (auto i = range.first; i < range.last; ++i) {
        auto& one = all[i];
        if (one.record || i == chosen || one.migration->kind == Kind::repeatable) {
            continue;
        }
        const bool covered =
            chosen < range.last && (i < chosen || canonical_version(one.version()) ==
                                                      canonical_version(all[chosen].version()));
        if (covered || one.migration->kind == Kind::baseline) {
            one.state = State::skipped;
        }
    }
}

void skip_for_baselines(std::vector<Status>& all, const History& history) {
    if (std::none_of(all.begin(), all.end(),
                     [](const auto& one) { return one.migration->kind == Kind::baseline; })) {
        return;
    }
    std::unordered_set<std::string> begun;
    for (const auto& record : history) {
        begun.insert(record.source);
    }
    for (const auto& range : ranges(all)) {
        skip(all, range, begun.contains(all[range.first].source()));
    }
}

/// Puts each row without a file behind the one that was applied before it in its source; before the
/// first file of the source when there is none.
std::vector<Status> with_missing(const std::vector<Status>& files, const History& history,
                                 const Records& missing) {
    std::unordered_map<const Record*, std::size_t> places;
    std::unordered_map<std::string, std::size_t> anchors;
    for (std::size_t i = 0; i < files.size(); ++i) {
        places.emplace(files[i].record, i);
        anchors.emplace(files[i].source(), i);
    }
    std::vector<std::vector<Status>> before(files.size() + 1);
    for (const auto& record : history) {
        auto anchor = anchors.emplace(record.source, files.size()).first;
        if (const auto found = places.find(&record); found != places.end()) {
            anchor->second = std::max(anchor->second, found->second + 1);
        } else if (missing.contains(key(record.source, record.version))) {
            before[anchor->second].push_back({State::missing, nullptr, &record});
        }
    }
    std::vector<Status> all;
    for (std::size_t i = 0; i <= files.size(); ++i) {
        all.insert(all.end(), before[i].begin(), before[i].end());
        if (i < files.size()) {
            all.push_back(files[i]);
        }
    }
    return all;
}

/// Sources whose files name the ones they build on, as a tree with one root does. sqitch's
/// dependencies are none: its plan gives the order.
std::unordered_set<std::string> graphs(const std::vector<Migration>& files) {
    std::unordered_map<std::string, std::size_t> roots;
    std::unordered_set<std::string> found;
    for (const auto& file : files) {
        if (file.parents.empty()) {
            ++roots[file.source];
        } else if (file.format != "sqitch") {
            found.insert(file.source);
        }
    }
    std::erase_if(found, [&](const auto& source) { return roots[source] > 1; });
    return found;
}

/// What is pending below the newest applied one of its source, or below one that builds on it.
void mark_late(std::vector<Status>& all, const std::vector<Migration>& files) {
    const auto branched = graphs(files);
    std::unordered_set<std::string> begun;
    std::unordered_set<std::string> needed;
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
        if (!one->feature().empty() ||
            (one->migration && one->migration->kind == Kind::repeatable)) {
            continue;
        }
        const bool graph = one->migration && branched.contains(one->source());
        const bool is_needed = graph ? needed.contains(key(one->source(), one->version()))
                                     : begun.contains(one->source());
        // A file that is applied in part is still on its way: it does not close what lies before.
        const bool is_begun = one->record && one->state != State::partial;
        if (is_begun && !(one->migration == nullptr && branched.contains(one->source()))) {
            begun.insert(one->source());
        } else if (one->state == State::pending && is_needed) {
            one->state = State::late;
        }
        if (graph && (is_begun || is_needed)) {
            for (const auto& parent : one->migration->parents) {
                needed.insert(key(one->source(), parent));
            }
        }
    }
}

}  // namespace

std::string_view name_of(State state) { return names[static_cast<std::size_t>(state)]; }

std::vector<Status> status(const std::vector<Migration>& files, const History& history,
                           const Features& features) {
    Records records;
    records.reserve(history.size());
    for (const auto& record : history) {
        records.emplace(key(record.source, record.version), &record);
    }
    std::vector<Status> all;
    all.reserve(files.size());
    for (const auto& migration : files) {
        all.push_back({State::pending, &migration, nullptr});
    }
    match(all, records, features);
    skip_for_baselines(all, history);
    if (!records.empty()) {
        all = with_missing(all, history, records);
    }
    mark_late(all, files);
    return all;
}

std::vector<const Migration*> heads(const std::vector<Migration>& files,
                                    const std::string& source) {
    std::vector<const Migration*> found;
    if (!graphs(files).contains(source)) {
        return found;
    }
    std::unordered_set<std::string> parents;
    for (const auto& file : files) {
        if (file.source == source) {
            parents.insert(file.parents.begin(), file.parents.end());
        }
    }
    for (const auto& file : files) {
        if (file.source == source && !parents.contains(file.version)) {
            found.push_back(&file);
        }
    }
    return found;
}

}  // namespace caisson::migrations
