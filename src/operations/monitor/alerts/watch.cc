// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/watch.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "operations/monitor/alerts/deliver.h"
#include "operations/monitor/alerts/outbox.h"
#include "operations/monitor/alerts/record.h"
#include "operations/monitor/alerts/standbys.h"

namespace caisson::alerts {
namespace {

/// How often pauses are looked at.
constexpr auto tick = std::chrono::seconds(1);

milliseconds steady_now() {
    return std::chrono::duration_cast<milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

fs::path directory_of(const trust::Run& run) { return run.state.root / "monitor"; }

void write_own(const trust::Run& run, const fs::path& path, const std::string& text) {
    make_directory(directory_of(run), 0750, run.account);
    write_file(path, text, 0600, run.account);
}

}  // namespace

fs::path book_file(const trust::Run& run) { return directory_of(run) / "alerts.json"; }
fs::path orders_file(const trust::Run& run) { return directory_of(run) / "silences.json"; }

std::optional<Book> read_book(const trust::Run& run) {
    const auto text = read_own(book_file(run));
    return text ? parse_book(*text) : std::nullopt;
}

Orders read_orders(const trust::Run& run) {
    return parse_orders(read_own(orders_file(run)).value_or(""));
}

void write_orders(const trust::Run& run, const Orders& orders) {
    write_own(run, orders_file(run), to_text(orders));
}

std::string pages_of(const trust::Run& run) {
    return run.manifest.alerting.pages.empty() ? "docs/reference/alerts.md"
                                               : run.manifest.alerting.pages;
}

namespace {

std::vector<Rule> sound_rules(const trust::Run& run) {
    auto made = rules_of(run.manifest.alerting);
    if (!made.mistakes.empty()) {
        throw Error(Code::platform_invalid, join(made.mistakes, "\n"),
                    "docs/reference/alerts.md names the rules, docs/reference/monitor.md the "
                    "metrics");
    }
    return std::move(made.rules);
}

}  // namespace

void check(const trust::Run& run) {
    if (run.manifest.alerting.is_on) {
        sound_rules(run);
        for (const auto& delivery : run.manifest.alerting.deliveries) {
            destination_of(run, delivery);
        }
    }
}

Watch::Watch(const trust::Run& run) : Watch(run, sound_rules(run)) {}

Watch::Watch(const trust::Run& run, std::vector<Rule> rules)
    : run_(run),
      rules_(std::move(rules)),
      boot_(trim(read_if_exists("/proc/sys/kernel/random/boot_id").value_or(""))) {
    for (const auto& delivery : run.manifest.alerting.deliveries) {
        destination_of(run, delivery);  // What is missing is said at the start.
    }
    if (auto book = read_book(run)) {
        book_ = std::move(*book);
    } else if (fs::exists(book_file(run))) {
        // What waited to be told is in it.
        const auto aside = book_file(run).string() + ".broken";
        std::error_code failure;
        fs::rename(book_file(run), aside, failure);
        log::warning("alerts: the book cannot be read and is begun anew",
                     {{"file", failure ? book_file(run).string() : aside}});
    }
    worker_ = std::thread([this] { work(); });
}

Watch::~Watch() {
    {
        const std::scoped_lock lock(mutex_);
        ends_ = true;
    }
    wakes_.notify_all();
    worker_.join();
}

void Watch::judge(const monitor::Sample& sample, milliseconds age, milliseconds interval) {
    const std::scoped_lock lock(mutex_);
    Step step;
    step.now = moment_now();
    if (last_) {
        step.elapsed = std::max(milliseconds(0), age - *last_);
        step.is_continuous = step.elapsed <= 3 * interval;
    } else if (book_.at != Moment{}) {
        // The process before had the same clock, unless the machine was started anew: then nothing
        // has passed that we know of.
        const bool is_known = !boot_.empty() && book_.boot == boot_ && age >= book_.age;
        step.elapsed = is_known ? age - book_.age : milliseconds(0);
        step.is_continuous = is_known && step.elapsed <= 3 * interval;
    }
    last_ = age;
    book_.age = age;
    book_.boot = boot_;
    orders_ = read_orders(run_);
    forget_standbys(book_, orders_.gone);
    evaluate(book_, rules_, sample, step, random_uuid, run_.manifest.alerting.table.has_value());
    interval_ = interval;
    judged_ = steady_now();
    step.elapsed = std::max(milliseconds(0), step.elapsed - std::exchange(ahead_, {}));
    tell(step, interval);
}

void Watch::hand_over() {
    const std::scoped_lock lock(mutex_);
    Step step;
    step.now = moment_now();
    last_.reset();
    judged_.reset();
    ahead_ = milliseconds(0);
    const auto before = book_.alerts.size();
    std::erase_if(book_.alerts, [](const Alert& alert) { return alert.state == State::pending; });
    bool is_changed = before != book_.alerts.size();
    for (auto& alert : book_.alerts) {
        if (alert.state == State::firing) {
            alert.state = State::resolved;
            alert.is_unknown = false;
            alert.ended = step.now;
            ++alert.version;
            is_changed = true;
        }
    }
    if (is_changed || !book_.pages.empty() || !book_.unknown.empty()) {
        log::info("alerts: another daemon judges", {{"closed", book_.pages.size()}});
        book_.unknown.clear();
        tell(step, milliseconds(0));
    }
}

/// Two samples are enough to see what belongs together; one that comes a moment early is one, too.
/// A shorter wait ends between them.
void Watch::tell(const Step& step, milliseconds interval) {
    orders_ = read_orders(run_);
    auto told = run_.manifest.alerting;
    told.wait = std::min(told.wait, interval * 9 / 10);
    notify(book_,
           {rules_, told, orders_, run_.manifest.name, run_.environment.name, pages_of(run_)}, step,
           random_uuid);
    write();
    has_news_ = true;
    wakes_.notify_all();
}

milliseconds Watch::since_told() const { return steady_now() - *judged_ - ahead_; }

/// For how long a first message still waits that is to be told before the next sample.
std::optional<milliseconds> Watch::until_due() const {
    const auto wait = run_.manifest.alerting.wait;
    if (!judged_ || wait > interval_ * 9 / 10) {
        return std::nullopt;
    }
    std::optional<milliseconds> until;
    for (const auto& page : book_.pages) {
        if (!page.is_told && page.open < wait) {
            const auto left = std::max(milliseconds(0), wait - page.open - since_told());
            until = std::min(until.value_or(left), left);
        }
    }
    return until;
}

Book Watch::book() const {
    const std::scoped_lock lock(mutex_);
    return book_;
}

void Watch::write() {
    try {
        write_own(run_, book_file(run_), to_text(book_));
    } catch (const Error& error) {
        log::error("alerts: the book cannot be written", {{"error", error.message()}});
    }
}

void Watch::work() {
    std::unique_lock lock(mutex_);
    auto last = steady_now();
    while (!ends_) {
        const auto now = steady_now();
        try {
            if (until_due() == milliseconds(0)) {
                Step step{moment_now(), since_told()};
                ahead_ += step.elapsed;
                tell(step, interval_);
            }
            send(lock, now - last);
            if (has_news_) {
                has_news_ = false;
                record_changes(lock);
            }
        } catch (const std::exception& error) {
            log::error("alerts: delivering failed", {{"error", error.what()}});
        }
        last = now;
        if (!ends_ && !has_news_) {
            const auto pause = std::min<milliseconds>(tick, until_due().value_or(tick));
            wakes_.wait_for(lock, pause, [this] { return ends_ || has_news_; });
        }
    }
}

void Watch::send(std::unique_lock<std::mutex>& lock, milliseconds elapsed) {
    const auto deliveries = deliveries_of(run_.manifest.alerting);
    for (const auto& parcel : due(book_, elapsed)) {
        const auto delivery =
            std::ranges::find(deliveries, parcel.delivery, &platform::AlertDelivery::name);
        if (delivery == deliveries.end() || ends_) {
            continue;
        }
        lock.unlock();
        std::string failure;
        bool is_interrupted = false;
        try {
            deliver(destination_of(run_, *delivery), parcel.messages);
        } catch (const Error& error) {
            failure = error.message();
            is_interrupted = error.code() == Code::interrupted;
        } catch (const std::exception& error) {
            failure = error.what();
        }
        lock.lock();
        if (is_interrupted) {
            return;  // We are ending: it waits in the book.
        }
        if (failure.empty()) {
            arrived(book_, parcel, moment_now());
        } else {
            failed(book_, parcel, failure, moment_now());
            log::warning("alerts: not delivered",
                         {{"delivery", parcel.delivery},
                          {"error", failure},
                          {"failures", book_.receivers[parcel.delivery].failures}});
        }
        write();
    }
}

void Watch::record_changes(std::unique_lock<std::mutex>& lock) {
    const auto& table = run_.manifest.alerting.table;
    if (!table) {
        return;
    }
    struct Change {
        std::string id;
        std::uint64_t version;
        std::map<std::string, std::optional<std::string>> fields;
    };
    std::vector<Change> changes;
    for (const auto& alert : book_.alerts) {
        if (alert.recorded != alert.version && alert.state != State::pending) {
            changes.push_back({alert.id, alert.version, fields_of(alert, rules_, pages_of(run_))});
        }
    }
    if (changes.empty()) {
        return;
    }
    std::vector<Change> done;
    std::string failure;
    lock.unlock();
    try {
        auto settings = trust::role_settings(run_, run_.manifest.database(table->database),
                                             trust::Role::service);
        settings.session["statement_timeout"] = "5s";
        pg::Connection connection(settings);
        for (const auto& change : changes) {
            record(connection, *table, change.fields);
            done.push_back(change);
        }
    } catch (const std::exception& error) {
        failure = error.what();
    }
    lock.lock();
    for (const auto& change : done) {
        const auto alert = std::ranges::find(book_.alerts, change.id, &Alert::id);
        if (alert != book_.alerts.end()) {
            alert->recorded = change.version;
        }
    }
    if (!done.empty()) {
        write();
    }
    // Said once, not with every sample: what is not recorded is tried again with the next one.
    if (failure != record_error_) {
        record_error_ = failure;
        if (!failure.empty()) {
            log::warning("alerts: not recorded", {{"table", table->table}, {"error", failure}});
        }
    }
}

}  // namespace caisson::alerts
