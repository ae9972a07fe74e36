// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/append.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "trust/journal/table.h"

namespace caisson::journal {
namespace {

/// Writers that lose the race for a number through a pooler try the next one.
constexpr int most_attempts = 100;

std::string moment_now() {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
        std::chrono::duration_cast<std::chrono::microseconds>(now - seconds).count());
}

std::string where_we_are() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return fmt::format("{}@{} caisson {}", current_account().name, host.data(), CAISSON_VERSION);
}

/// Entries that only say what is about to happen need not reach the disk first: the commit of what
/// happens takes them along, in the order of the log.
bool may_lag(const Entry& entry) {
    return entry.kind == kinds::start || entry.kind == kinds::statement ||
           entry.kind == kinds::plan;
}

}  // namespace

Writer::Writer(Options options) : options_(std::move(options)), origin_(where_we_are()) {
    if (options_.run.empty()) {
        options_.run = random_uuid();
    }
    options_.settings.application = "caisson journal";
}

Writer::~Writer() = default;

void Writer::open() {
    if (connection_) {
        return;
    }
    connect();
    try {
        // An epoch and an introduction say what they follow: who comes second has nothing to begin.
        for (int attempt = 1; !take_standing(attempt) || !introduce_ourselves(attempt);) {
            ++attempt;
        }
    } catch (...) {
        close();
        throw;
    }
}

void Writer::connect() {
    close();
    connection_.emplace(options_.settings);
    try {
        // A pooler keeps a lock of ours in its own session, where it would outlive us. It shows by
        // the server process, which is another than the one it named.
        if (connection_->query("select pg_backend_pid() as process").front().integer("process") ==
            connection_->backend_process()) {
            lock_ = std::make_unique<trust::AdvisoryLock>(*connection_, "journal", options_.wait,
                                                          options_.on_wait);
        }
    } catch (...) {
        close();
        throw;
    }
}

void Writer::close() {
    lock_.reset();
    connection_.reset();
}

bool Writer::take_standing(int attempt) {
    auto standing = read_standing(*connection_);
    actor_ = standing.actor;
    signed_key_ = standing.key;
    epoch_ = standing.last ? standing.last->epoch : 0;
    database_ = standing.database;
    head_ = std::move(standing.last);
    if (database_ != standing.identity || epoch_ == 0) {
        database_ = standing.identity;
        ++epoch_;
        boost::json::object detail{{"database", database_}};
        if (head_) {
            detail["continues"] = boost::json::object{{"database", standing.database},
                                                      {"epoch", head_->epoch},
                                                      {"sequence", head_->sequence},
                                                      {"hash", head_->hash}};
        }
        std::vector<Entry> entries{entry_of({kinds::epoch, "", boost::json::serialize(detail)})};
        return try_write(entries, attempt);
    }
    return true;
}

/// The keys of this place that the journal does not know yet, each vouched for by the one before.
bool Writer::introduce_ourselves(int attempt) {
    if (!options_.key || signed_key_ == key_id(options_.key->public_key())) {
        return true;
    }
    const auto& keys = options_.keys;
    const auto known = std::find_if(
        keys.begin(), keys.end(), [&](const Introduction& one) { return one.key == signed_key_; });
    std::vector<Entry> entries;
    for (auto next = known == keys.end() ? keys.begin() : known + 1; next != keys.end(); ++next) {
        entries.push_back(entry_of({kinds::key, next->key, to_json(*next)}));
    }
    if (entries.empty()) {
        const auto own = introduce(*options_.key);
        entries.push_back(entry_of({kinds::key, own.key, to_json(own)}));
    }
    if (!try_write(entries, attempt)) {
        return false;
    }
    signed_key_ = key_id(options_.key->public_key());
    return true;
}

Entry Writer::entry_of(const Draft& draft) const {
    Entry entry;
    entry.at = moment_now();
    entry.kind = draft.kind;
    entry.actor = draft.actor.empty() ? actor_ : draft.actor;
    entry.origin = origin_;
    entry.run = options_.run;
    entry.subject = draft.subject;
    entry.detail = draft.detail;
    return entry;
}

/// Its place behind all that is there or in flight.
void Writer::number(Entry& entry) const {
    const Entry* const before = !in_flight_.empty() ? &in_flight_.back()
                                : head_             ? &*head_
                                                    : nullptr;
    entry.epoch = epoch_;
    entry.sequence = before ? before->sequence + 1 : 1;
    entry.previous = before ? before->hash : no_hash();
    if (entry.kind == kinds::signature && before) {
        entry.detail = signature_of(*before);
    }
    entry.hash = hash_of(entry);
}

std::string Writer::signature_of(const Entry& entry) const {
    const auto head =
        sign({database_, entry.epoch, entry.sequence, entry.hash, "", "", ""}, *options_.key);
    return boost::json::serialize(boost::json::object{{"database", head.database},
                                                      {"epoch", head.epoch},
                                                      {"sequence", head.sequence},
                                                      {"hash", head.hash},
                                                      {"key", head.key},
                                                      {"signature", head.signature}});
}

void Writer::append(const Draft& draft) {
    open();
    if (is_in_flight()) {
        waiting_.push_back(entry_of(draft));
        return;
    }
    write({entry_of(draft)});
}

void Writer::write(std::vector<Entry> entries) {
    for (int attempt = 1; !try_write(entries, attempt); ++attempt) {
        // Another writer was faster: what it wrote is what ours follows.
        auto standing = read_standing(*connection_);
        head_ = std::move(standing.last);
        if (head_ && head_->epoch > epoch_) {
            epoch_ = head_->epoch;
            database_ = standing.database;
        }
    }
}

/// False when they are not there and the numbers may be another's.
bool Writer::try_write(std::vector<Entry>& entries, int attempt) {
    const auto before = head_;
    for (auto& entry : entries) {
        number(entry);
        head_ = entry;
    }
    try {
        send(entries);
    } catch (const pg::DatabaseError& error) {
        head_ = before;
        if (error.sqlstate != pg::sqlstate::unique_violation || attempt == most_attempts) {
            throw;
        }
        return false;
    } catch (const Error& error) {
        head_ = before;
        if (error.code() != Code::cannot_connect || attempt > 1) {
            throw;
        }
        // Once more on a new connection, unless the old one had done it.
        connect();
        if (!is_there(entries.back())) {
            return false;
        }
        head_ = entries.back();
    }
    written_ += entries.size();
    return true;
}

void Writer::send(const std::vector<Entry>& entries) {
    // A transaction of ours that its server process has not given up yet may hold our number.
    const auto wait = std::max<std::int64_t>(options_.wait.count(), 1);
    const bool lags = std::all_of(entries.begin(), entries.end(), may_lag);
    connection_->script(fmt::format("set local lock_timeout = {};{}{}", wait,
                                    lags ? "set local synchronous_commit = off;" : "",
                                    insert_sql(entries)));
}

std::string Writer::within(const Draft& draft) {
    open();
    const auto from = in_flight_.size();
    waiting_.push_back(entry_of(draft));
    for (auto& entry : std::exchange(waiting_, {})) {
        number(entry);
        in_flight_.push_back(std::move(entry));
    }
    return insert_sql(std::span(in_flight_).subspan(from));
}

void Writer::confirm() {
    if (is_in_flight()) {
        written_ += in_flight_.size();
        head_ = std::move(in_flight_.back());
        in_flight_.clear();
    }
    if (!waiting_.empty()) {
        write(std::exchange(waiting_, {}));
    }
}

bool Writer::is_there(const Entry& entry) {
    const auto rows = connection_->query("select hash from caisson.journal where sequence = $1",
                                         {entry.sequence});
    return !rows.empty() && rows.front().text("hash") == entry.hash;
}

void Writer::release() {
    if (!is_in_flight()) {
        close();
    }
}

void Writer::resolve() {
    if (is_in_flight() && (!connection_ || connection_->has_ended())) {
        connect();
    }
    if (is_in_flight() && !is_there(in_flight_.back())) {
        // What was rolled back together with the work never was, except that it had begun.
        auto lost = std::exchange(in_flight_, {});
        std::erase_if(lost, [](const Entry& entry) { return entry.kind != kinds::start; });
        if (!lost.empty()) {
            write(std::move(lost));
        }
    }
    confirm();
}

std::optional<Head> Writer::end() {
    if (written_ == 0 && !is_in_flight()) {
        close();
        return std::nullopt;
    }
    open();
    resolve();
    if (options_.key) {
        write({entry_of({kinds::signature, key_id(options_.key->public_key())})});
    }
    fault::point("journal-signed");
    Head head{database_, epoch_, head_->sequence, head_->hash, head_->at, "", ""};
    if (options_.key) {
        head = sign(std::move(head), *options_.key);
    }
    if (!options_.heads.empty()) {
        make_directory(options_.heads.parent_path(), 0755, options_.owner);
        append_line(options_.heads, to_line(head), 0644, options_.owner);
    }
    written_ = 0;
    close();
    return head;
}

fs::path heads_file(const trust::Run& run, const platform::Database& database) {
    return directory_of(run) / (database.key + ".heads");
}

std::optional<Head> tell(const trust::Run& run, const platform::Database& database,
                         const std::vector<Draft>& drafts) {
    Writer writer(options_of(run, database));
    for (const auto& draft : drafts) {
        writer.append(draft);
    }
    return writer.end();
}

Writer::Options options_of(const trust::Run& run, const platform::Database& database) {
    Writer::Options options;
    options.settings = trust::role_settings(run, database, trust::Role::migrator);
    options.key = ensure_key(run);
    options.keys = known_keys(run);
    options.heads = heads_file(run, database);
    options.owner = run.account;
    return options;
}

}  // namespace caisson::journal
