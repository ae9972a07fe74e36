// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/exchange.h"

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::backups {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_ending = 20s;

bool exists(pg::Connection& admin, const std::string& name) {
    return !admin.query("select from pg_database where datname = $1", {name}).empty();
}

void let_in(pg::Connection& admin, const std::string& name, bool may) {
    admin.query(fmt::format("alter database {} allow_connections {}", pg::identifier(name), may));
}

/// Whatever becomes of the exchange, the names are open at its end.
class Closed {
 public:
    Closed(pg::Settings admin, std::vector<std::string> names, fs::path note)
        : admin_(std::move(admin)), names_(std::move(names)), note_(std::move(note)) {
        write_file(note_, join(names_, "\n") + "\n", 0600);
    }
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;
    ~Closed() {
        const interrupt::Shield shield;
        try {
            reopen(admin_, note_);
        } catch (const Error&) {
            // The note stays: the next run opens them.
        }
    }

 private:
    pg::Settings admin_;
    std::vector<std::string> names_;
    fs::path note_;
};

/// Both databases of one place, as long as they are needed.
struct Open {
    pg::Connection present;
    pg::Connection restored;
};

pg::Settings settings_for(const pg::Settings& admin, const std::string& name) {
    auto settings = admin;
    settings.database = name;
    return settings;
}

/// Ends all sessions of the databases but these, and waits until they are gone.
void end_sessions(pg::Connection& admin, const std::vector<std::string>& names,
                  const std::vector<int>& ours) {
    std::vector<std::string> quoted;
    for (const auto& name : names) {
        quoted.push_back(pg::literal(name));
    }
    std::vector<std::string> spared = {"pg_backend_pid()"};
    for (const int process : ours) {
        spared.push_back(std::to_string(process));
    }
    const auto others =
        fmt::format("from pg_stat_activity where datname in ({}) and pid not in ({})",
                    join(quoted, ", "), join(spared, ", "));
    const Stopwatch watch;
    while (true) {
        admin.query("select pg_terminate_backend(pid) " + others);
        const auto left = admin.query("select usename, pid, backend_type " + others);
        if (left.empty()) {
            return;
        }
        if (watch.elapsed() > longest_ending) {
            const auto row = left.front();
            throw Error(
                Code::locked,
                fmt::format("a session of {} does not end: process {}, {}", row.string("usename"),
                            row.string("pid"), row.string("backend_type")),
                "end it, then run the same command again");
        }
        ::poll(nullptr, 0, 50);
        interrupt::check();
    }
}

}  // namespace

void exchange(const pg::Settings& admin_settings, std::vector<Place>& places,
              const Between& between, const fs::path& note) {
    pg::Connection admin(admin_settings);
    std::vector<std::string> names;
    for (auto& place : places) {
        place.kept = exists(admin, place.name) ? free_name(admin, place.name, "before") : "";
        if (!place.kept.empty()) {
            names.push_back(place.name);
        }
    }
    const Closed closed(admin_settings, names, note);
    std::vector<std::unique_ptr<Open>> open;
    std::vector<int> ours;
    for (const auto& place : places) {
        names.push_back(place.restored->name());
        if (!place.kept.empty() && between) {
            open.push_back(std::make_unique<Open>(
                Open{pg::Connection(settings_for(admin_settings, place.name)),
                     pg::Connection(settings_for(admin_settings, place.restored->name()))}));
            ours.push_back(open.back()->present.backend_process());
            ours.push_back(open.back()->restored.backend_process());
        }
    }
    for (const auto& name : names) {
        let_in(admin, name, false);
    }
    end_sessions(admin, names, ours);
    for (std::size_t i = 0, next = 0; i < places.size(); ++i) {
        if (!places[i].kept.empty() && between) {
            between(open[next]->present, open[next]->restored, places[i]);
            ++next;
        }
    }
    open.clear();
    end_sessions(admin, names, {});
    pg::Transaction transaction(admin);
    for (const auto& place : places) {
        if (!place.kept.empty()) {
            admin.query(fmt::format("alter database {} rename to {}", pg::identifier(place.name),
                                    pg::identifier(place.kept)));
            let_in(admin, place.kept, true);
        }
        place.restored->keep(admin);
        admin.query(fmt::format("alter database {} rename to {}",
                                pg::identifier(place.restored->name()),
                                pg::identifier(place.name)));
        let_in(admin, place.name, true);
    }
    transaction.commit();
    for (const auto& place : places) {
        if (place.is_dropped && !place.kept.empty()) {
            admin.query(fmt::format("drop database {} with (force)", pg::identifier(place.kept)));
        }
    }
}

std::vector<std::string> reopen(const pg::Settings& admin_settings, const fs::path& note) {
    std::vector<std::string> opened;
    const auto text = read_own(note);
    if (!text) {
        return opened;
    }
    pg::Connection admin(admin_settings);
    for (const auto& name : split(*text, '\n')) {
        if (!name.empty() && exists(admin, name)) {
            let_in(admin, name, true);
            opened.push_back(name);
        }
    }
    fs::remove(note);
    return opened;
}

}  // namespace caisson::backups
