// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/store.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"

namespace caisson::monitor {
namespace {

constexpr char field_end = '\x1f';
constexpr std::uint64_t checked_bytes = 64ULL << 20U;
/// After a jump of the clock nothing is old for so long.
constexpr Ms mistrust = day_ms;
constexpr std::string_view clock_gap = "clock";
constexpr float not_read = std::numeric_limits<float>::quiet_NaN();

std::uint64_t inode_of(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

std::string text_of_labels(const Labels& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += name + field_end + value + field_end;
    }
    return text;
}

Labels labels_of_text(std::string_view text) {
    Labels labels;
    while (!text.empty()) {
        const auto end = text.find(field_end);
        const auto last = end == std::string_view::npos ? end : text.find(field_end, end + 1);
        if (last == std::string_view::npos) {
            break;
        }
        labels.emplace_back(text.substr(0, end), text.substr(end + 1, last - end - 1));
        text.remove_prefix(last + 1);
    }
    return labels;
}

void HourFigures::add(double value) { add(HourFigures{1, value, value, value}); }

void HourFigures::add(const HourFigures& other) {
    if (other.count == 0) {
        return;
    }
    least = count == 0 ? other.least : std::min(least, other.least);
    most = count == 0 ? other.most : std::max(most, other.most);
    count += other.count;
    sum += other.sum;
}

std::string pack_day(const std::vector<HourFigures>& hours) {
    std::vector<float> row(day_hours * 4, not_read);
    for (std::size_t i = 0; i < day_hours; ++i) {
        if (hours[i].count > 0) {
            row[i] = static_cast<float>(hours[i].sum / hours[i].count);
            row[day_hours + i] = static_cast<float>(hours[i].least);
            row[2 * day_hours + i] = static_cast<float>(hours[i].most);
            row[3 * day_hours + i] = static_cast<float>(hours[i].count);
        }
    }
    return pack_row(row);
}

std::vector<HourFigures> unpack_day(std::string_view bytes) {
    const auto row = unpack_row(bytes, day_hours * 4);
    std::vector<HourFigures> hours(day_hours);
    for (std::size_t i = 0; i < day_hours; ++i) {
        const double count = row[3 * day_hours + i];
        if (count > 0) {
            hours[i] = {count, row[i] * count, row[day_hours + i], row[2 * day_hours + i]};
        }
    }
    return hours;
}

History::Store::Store(const fs::path& given, const HistoryLimits& bounds)
    : file(given), limits(bounds), database(given, Sqlite::Mode::read_write) {
    // A journal of its own file leaves nothing behind that another account could own.
    database.run(
        "pragma auto_vacuum = incremental; pragma journal_mode = truncate; "
        "pragma cache_size = -2000");
    database.run(limits.is_durable ? "pragma synchronous = normal" : "pragma synchronous = off");
    if (fs::file_size(file) <= checked_bytes) {
        auto check = database.prepare("pragma quick_check(1)");
        if (check.step() && check.text(0) != "ok") {
            throw Damaged(Code::state_unusable,
                          fmt::format("{}: {}", file.string(), check.text(0)));
        }
    }
    make_tables();
    load();
    inode_ = inode_of(file);
}

bool History::Store::is_same_file() const { return inode_ != 0 && inode_of(file) == inode_; }

void History::Store::make_tables() {
    database.run(
        "create table if not exists series (id integer primary key, metric text not null, "
        "labels text not null, unique (metric, labels));"
        "create table if not exists samples (at integer primary key, data blob not null);"
        "create table if not exists minutes (series integer, hour integer, data blob not null, "
        "primary key (series, hour)) without rowid;"
        "create table if not exists hours (series integer, day integer, data blob not null, "
        "primary key (series, day)) without rowid;"
        "create table if not exists gaps (at integer not null, what text not null, why text not "
        "null);"
        "create index if not exists gaps_at on gaps (at);"
        "create table if not exists counted (at integer primary key);"
        "create table if not exists marks (name text primary key, at integer not null) without "
        "rowid");
}

void History::Store::load() {
    auto all = database.prepare("select id, metric, labels from series");
    while (all.step()) {
        const auto metric = all.text(1);
        ids[metric + field_end + all.text(2)] = all.integer(0);
        wide[all.integer(0)] = is_wide(metric);
    }
    auto mark = database.prepare("select at from marks where name = 'rolled'");
    if (mark.step()) {
        rolled_ = mark.integer(0);
    }
}

std::int64_t History::Store::series(std::string_view metric, const Labels& labels) {
    const auto text = text_of_labels(labels);
    const auto key = std::string(metric) + field_end + text;
    if (const auto found = ids.find(key); found != ids.end()) {
        used_[found->second] = ++uses_;
        return found->second;
    }
    auto insert = database.prepare("insert into series (metric, labels) values (?, ?)");
    insert.bind(metric).bind(text).step();
    const auto id = database.last_id();
    ids[key] = id;
    wide[id] = is_wide(metric);
    used_[id] = ++uses_;
    return id;
}

void History::Store::add_gap(Ms at, std::string_view what, std::string_view why) {
    database.prepare("insert into gaps values (?, ?, ?)").bind(at).bind(what).bind(why).step();
}

void History::Store::meet_clock(Ms now) {
    auto newest = database.prepare("select coalesce(max(at), 0) from samples");
    newest.step();
    const Ms last = newest.integer(0);
    newest.step();
    if (last == 0) {
        return;
    }
    if (std::abs(now - last) > day_ms) {
        add_gap(now, clock_gap, "the clock is far from the sample before");
    }
    if (now < last - hour_ms) {
        add_gap(now, clock_gap, "the clock is behind the sample before");
        roll_up(last + minute_ms);  // It may be this clock that is wrong.
        database.prepare("delete from samples where at > ?").bind(now + hour_ms).step();
    }
}

bool History::Store::is_clock_sure(Ms now) {
    auto gap = database.prepare("select 1 from gaps where at > ? and at <= ? and what = ? limit 1");
    return !gap.bind(now - mistrust).bind(now).bind(clock_gap).step();
}

void History::Store::add_sample(Ms at, std::vector<Numbered> figures) {
    std::ranges::sort(figures, {}, &Numbered::series);
    database.prepare("insert or replace into samples values (?, ?)")
        .bind(at)
        .bind_bytes(pack_sample(figures))
        .step();
    if (rolled_ == 0 || at < rolled_) {  // The first one, or a clock that went back.
        go_back(at);
    }
}

/// Samples from here on are rolled up once more, for the sake of those that come between them:
/// minutes are made anew, and into the hours none may go twice.
void History::Store::go_back(Ms at) {
    const Ms begin = floor_to(at, minute_ms);
    database
        .prepare("insert or ignore into counted select at from samples where at >= ? and at < ?")
        .bind(begin)
        .bind(rolled_)
        .step();
    database.prepare("delete from counted where at = ?").bind(at).step();
    set_rolled(begin);
}

void History::Store::set_rolled(Ms moment) {
    rolled_ = moment;
    database.prepare("insert or replace into marks values ('rolled', ?)").bind(moment).step();
}

void History::Store::roll_up(Ms now) {
    const Ms until = floor_to(now, minute_ms);
    if (until <= rolled_) {
        return;
    }
    std::map<std::pair<std::int64_t, Ms>, HourFigures> by_minute;
    std::map<std::pair<std::int64_t, Ms>, HourFigures> by_hour;
    auto samples = database.prepare(
        "select at, data, exists (select 1 from counted c where c.at = samples.at) from samples "
        "where at >= ? and at < ?");
    samples.bind(rolled_).bind(until);
    while (samples.step()) {
        const Ms at = samples.integer(0);
        const bool is_counted = samples.integer(2) != 0;
        const auto figures = intact([&] { return unpack_sample(samples.bytes(1)); });
        if (!figures) {
            add_gap(at, "", "a sample was damaged");
            continue;
        }
        for (const auto& figure : *figures) {
            if (!wide.contains(figure.series) || !std::isfinite(figure.value)) {
                continue;
            }
            if (!is_counted) {
                by_hour[{figure.series, floor_to(at, hour_ms)}].add(figure.value);
            }
            if (!wide[figure.series]) {
                by_minute[{figure.series, floor_to(at, minute_ms)}].add(figure.value);
            }
        }
    }
    roll_minutes(by_minute);
    roll_hours(by_hour);
    database.prepare("delete from counted where at < ?").bind(until).step();
    set_rolled(until);
}

std::vector<float> History::Store::minutes_of(Statement& found, Ms hour) {
    auto row = intact([&] { return unpack_row(found.bytes(0), hour_minutes); });
    if (!row) {
        add_gap(hour, "", "minutes were damaged");
    }
    return row ? *std::move(row) : std::vector<float>(hour_minutes, not_read);
}

std::vector<HourFigures> History::Store::hours_of(Statement& found, Ms day) {
    auto row = intact([&] { return unpack_day(found.bytes(0)); });
    if (!row) {
        add_gap(day, "", "hours were damaged");
    }
    return row ? *std::move(row) : std::vector<HourFigures>(day_hours);
}

void History::Store::roll_minutes(
    const std::map<std::pair<std::int64_t, Ms>, HourFigures>& by_minute) {
    auto find = database.prepare("select data from minutes where series = ? and hour = ?");
    auto put = database.prepare("insert or replace into minutes values (?, ?, ?)");
    for (auto each = by_minute.begin(); each != by_minute.end();) {
        const auto series = each->first.first;
        const Ms hour = floor_to(each->first.second, hour_ms);
        std::vector<float> row(hour_minutes, not_read);
        find.bind(series).bind(hour);
        if (find.step()) {
            row = minutes_of(find, hour);
            find.step();
        }
        for (; each != by_minute.end() && each->first.first == series &&
               floor_to(each->first.second, hour_ms) == hour;
             ++each) {
            const auto minute = static_cast<std::size_t>((each->first.second - hour) / minute_ms);
            row[minute] = static_cast<float>(each->second.sum / each->second.count);
        }
        put.bind(series).bind(hour).bind_bytes(pack_row(row)).step();
    }
}

void History::Store::roll_hours(const std::map<std::pair<std::int64_t, Ms>, HourFigures>& by_hour) {
    auto find = database.prepare("select data from hours where series = ? and day = ?");
    auto put = database.prepare("insert or replace into hours values (?, ?, ?)");
    for (const auto& [key, figures] : by_hour) {
        const auto& [series, hour] = key;
        const Ms day = floor_to(hour, day_ms);
        std::vector<HourFigures> row(day_hours);
        find.bind(series).bind(day);
        if (find.step()) {
            row = hours_of(find, day);
            find.step();
        }
        row[static_cast<std::size_t>((hour - day) / hour_ms)].add(figures);
        put.bind(series).bind(day).bind_bytes(pack_day(row)).step();
    }
}

void History::Store::prune(Ms now) {
    const auto most = static_cast<std::int64_t>(limits.samples);
    auto first = database.prepare("select at from samples order by at desc limit 1 offset ?");
    first.bind(most);
    if (first.step()) {
        const Ms last_to_go = first.integer(0);
        first.step();
        if (last_to_go >= rolled_) {
            roll_up(last_to_go + minute_ms);
        }
        database.prepare("delete from samples where at <= ?").bind(last_to_go).step();
    }
    limit_series();
    if ((pruned_ != 0 && std::abs(now - pruned_) < hour_ms) || !is_clock_sure(now)) {
        return;
    }
    pruned_ = now;
    auto minutes = database.prepare("delete from minutes where series = ? and hour < ?");
    auto hours = database.prepare("delete from hours where series = ? and day < ?");
    for (const auto& [key, id] : ids) {
        minutes.bind(id).bind(floor_to(now - limits.minutes.count(), hour_ms)).step();
        hours.bind(id).bind(floor_to(now - limits.hours.count(), day_ms)).step();
    }
    database.prepare("delete from gaps where at < ?").bind(now - limits.hours.count()).step();
    database.run("delete from gaps where rowid <= (select max(rowid) - 10000 from gaps)");
    forget_unused_series();
}

void History::Store::forget_unused_series() {
    std::vector<std::int64_t> gone;
    auto used = database.prepare(
        "select s.id from series s where not exists (select 1 from minutes m where m.series = "
        "s.id) and not exists (select 1 from hours h where h.series = s.id) and s.id < (select "
        "max(id) - 1000 from series)");
    while (used.step()) {
        gone.push_back(used.integer(0));
    }
    forget(gone);
}

void History::Store::limit_series() {
    if (ids.size() <= limits.series + limits.series / 10) {
        return;
    }
    struct Use {
        std::uint64_t count;  ///< Since the file was opened.
        Ms day;               ///< Before that.
        std::int64_t id;
    };
    std::vector<Use> all;
    std::int64_t newest = 0;
    auto day = database.prepare("select coalesce(max(day), 0) from hours where series = ?");
    for (const auto& each : wide) {
        const auto id = each.first;
        const auto use = used_.find(id);
        day.bind(id).step();
        all.push_back({use == used_.end() ? 0 : use->second, day.integer(0), id});
        day.step();
        newest = std::max(newest, id);
    }
    std::ranges::sort(all, [](const Use& a, const Use& b) {
        return std::tie(a.count, a.day, a.id) < std::tie(b.count, b.day, b.id);
    });
    std::vector<std::int64_t> gone;
    for (const auto& use : all) {
        // SQLite gives the highest number anew, and samples would tell of another series then.
        if (gone.size() + limits.series < all.size() && use.id != newest) {
            gone.push_back(use.id);
        }
    }
    auto minutes = database.prepare("delete from minutes where series = ?");
    auto hours = database.prepare("delete from hours where series = ?");
    for (const auto id : gone) {
        minutes.bind(id).step();
        hours.bind(id).step();
    }
    forget(gone);
}

void History::Store::forget(const std::vector<std::int64_t>& gone) {
    auto remove = database.prepare("delete from series where id = ?");
    for (const auto id : gone) {
        remove.bind(id).step();
        wide.erase(id);
        used_.erase(id);
    }
    std::erase_if(ids, [&](const auto& each) { return !wide.contains(each.second); });
}

std::uint64_t History::Store::used_bytes() {
    const auto ask = [&](const char* pragma) {
        auto statement = database.prepare(pragma);
        statement.step();
        return static_cast<std::uint64_t>(statement.integer(0));
    };
    return (ask("pragma page_count") - ask("pragma freelist_count")) * ask("pragma page_size");
}

void History::Store::limit_bytes() {
    if (used_bytes() <= limits.bytes) {
        return;
    }
    const auto goal = limits.bytes - limits.bytes / 10;
    const auto oldest = [&](const char* sql) {
        auto statement = database.prepare(sql);
        return statement.step() ? statement.integer(0) : 0;
    };
    // The finest of the old first: minutes beyond a day, hours beyond a month, then samples.
    while (used_bytes() > goal) {
        const Ms minutes = oldest("select coalesce(min(hour), 0) from minutes");
        const Ms hours = oldest("select coalesce(min(day), 0) from hours");
        if (minutes != 0 && minutes < rolled_ - day_ms) {
            database.prepare("delete from minutes where hour < ?").bind(minutes + day_ms).step();
        } else if (hours != 0 && hours < rolled_ - 31 * day_ms) {
            database.prepare("delete from hours where day < ?").bind(hours + 31 * day_ms).step();
        } else {
            const auto before = used_bytes();
            database.run(
                "delete from samples where at <= (select at from samples order by at limit 1 "
                "offset (select count(*) / 4 from samples))");
            if (used_bytes() >= before) {
                break;
            }
        }
    }
    database.run("pragma incremental_vacuum");
}

}  // namespace caisson::monitor
