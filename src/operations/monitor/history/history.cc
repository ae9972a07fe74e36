// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/history.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "operations/monitor/history/store.h"
#include "operations/monitor/sample/catalogue.h"

namespace caisson::monitor {
namespace {

using std::chrono::milliseconds;

/// Between two times that minutes and hours are brought up to date.
constexpr Ms batch = 10 * minute_ms;

Ms ms_of(At at) { return at.time_since_epoch().count(); }

/// Whether there was a gap since this moment: some groups are read more seldom than others.
template <typename Cuts>
bool is_cut(const Cuts& cuts, std::string_view group, const Labels& labels, milliseconds since) {
    const std::string counted(counted_with(group));
    for (const auto& what :
         {std::string(), counted, counted + " " + std::string(label_of(labels, "datname"))}) {
        const auto cut = cuts.find(what);
        if (cut != cuts.end() && cut->second > since) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string_view counted_with(std::string_view group) {
    return group == "tables" || group == "indexes" ? "databases" : group;
}

bool is_wide(std::string_view metric) {
    const auto* const row = find_metric(metric);
    return row &&
           (row->group == "settings" || row->labels.find("relname") != std::string_view::npos ||
            row->labels.find("queryid") != std::string_view::npos ||
            row->labels.find("sequencename") != std::string_view::npos);
}

History::History(fs::path file, HistoryLimits limits) : file_(std::move(file)), limits_(limits) {
    ensure_directory(file_.parent_path());
    try {
        open();
    } catch (const Damaged& damage) {
        put_aside(damage.message());
    }
}

History::~History() = default;

void History::open() {
    store_ = std::make_unique<Store>(file_, limits_);
    std::error_code ignored;
    fs::permissions(file_, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read,
                    ignored);
}

void History::put_aside(const std::string& why) {
    store_.reset();
    const auto aside = fs::path(file_.string() + ".damaged");
    std::error_code failure;
    fs::rename(file_, aside, failure);
    fs::remove(file_.string() + "-journal", failure);
    mishap_ = fmt::format("the history was damaged and put aside as {}: {}", aside.string(), why);
    open();
    store_->add_gap(ms_of(std::chrono::floor<milliseconds>(std::chrono::system_clock::now())), "",
                    "the history was damaged and put aside");
}

void History::add(const Sample& sample, milliseconds age) {
    try {
        keep(sample, age);
        unkept_.reset();
    } catch (const Error&) {
        unkept_ = unkept_.value_or(age);
        throw;
    }
}

void History::keep(const Sample& sample, milliseconds age) {
    try {
        const bool is_gone = store_ && !store_->is_same_file();
        if (!store_ || is_gone) {
            store_.reset();
            ensure_directory(file_.parent_path());
            open();
        }
        if (is_gone) {
            store_->add_gap(ms_of(sample.at), "", "the file of the history was gone");
        }
        write(sample, age);
    } catch (const Damaged& damage) {
        put_aside(damage.message());
        write(sample, age);
    }
}

/// How fast a counter grew, a second; nothing where that is not known. `read`: takes its value.
std::optional<double> History::pace_of(const Reading& reading, std::string_view group,
                                       milliseconds age, const Cuts& cut, Lasts& read) const {
    const auto key = std::string(reading.metric) + "\x1f" + text_of_labels(reading.labels);
    const auto before = last_.find(key);
    read[key] = {reading.value, age};
    if (before == last_.end() || reading.value < before->second.value ||
        age <= before->second.age || is_cut(cut, group, reading.labels, before->second.age)) {
        return std::nullopt;
    }
    const double seconds = std::chrono::duration<double>(age - before->second.age).count();
    return (reading.value - before->second.value) / seconds;
}

void History::write(const Sample& sample, milliseconds age) {
    auto& store = *store_;
    Lasts read;  // Remembered once it is kept.
    auto cut = cut_;
    for (const auto& gap : sample.gaps) {
        cut[gap.what] = age;
    }
    if (unkept_) {
        cut[""] = age;
    }
    const Ms at = ms_of(sample.at);
    store.database.run("begin immediate");
    try {
        std::vector<Numbered> figures;
        for (const auto& reading : sample.readings) {
            const auto& row = metric(reading.metric);
            const auto read_at = sample.read_at.find(row.group);
            if (read_at != sample.read_at.end() && read_at->second != sample.at) {
                continue;  // Carried over: it is there already.
            }
            const auto value = row.kind == Kind::counter
                                   ? pace_of(reading, row.group, age, cut, read)
                                   : std::optional(reading.value);
            if (value && std::isfinite(*value)) {
                figures.push_back({store.series(reading.metric, reading.labels), *value});
            }
        }
        for (const auto& gap : sample.gaps) {
            store.add_gap(at, gap.what, gap.why);
        }
        if (unkept_) {
            store.add_gap(at, "",
                          fmt::format("the history could not be written for {:.0f} s",
                                      std::chrono::duration<double>(age - *unkept_).count()));
        }
        store.meet_clock(at);
        store.add_sample(at, std::move(figures));
        if (at - store.rolled() >= batch) {
            store.roll_up(at);
        }
        store.prune(at);
        store.limit_bytes();
        store.database.run("commit");
    } catch (...) {
        store_.reset();  // Closed, it rolls back; what it remembers of series may not be there.
        throw;
    }
    for (const auto& [key, last] : read) {
        last_[key] = last;
    }
    // What is gone from the servers needs no memory.
    const auto is_old = [&](milliseconds since) { return age - since > std::chrono::hours(2); };
    std::erase_if(last_, [&](const auto& each) { return is_old(each.second.age); });
    std::erase_if(cut, [&](const auto& each) { return is_old(each.second); });
    cut_ = std::move(cut);
}

std::uint64_t History::size() const {
    std::error_code failure;
    const auto bytes = fs::file_size(file_, failure);
    return failure ? 0 : bytes;
}

}  // namespace caisson::monitor
