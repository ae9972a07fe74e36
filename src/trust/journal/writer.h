// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Writes entries. One writer at a time holds the advisory lock "journal" on a connection of its
/// own, so that what it writes stands although the work around it is rolled back. Through a pooler,
/// where such a lock holds nothing, the primary key is the fence.
///     Writer writer(options_of(run, database));
///     writer.append({kinds::start, "migrations/001", "{}"});
///     work.script("begin;" + sql + writer.within({kinds::finish, "migrations/001", "{}"}) +
///     "commit"); writer.confirm(); writer.end();

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"
#include "trust/journal/entry.h"
#include "trust/journal/head.h"
#include "trust/journal/keys.h"
#include "trust/locks.h"
#include "trust/session.h"

namespace caisson::journal {

/// What a caller says of an entry; the writer knows the rest.
struct Draft {
    std::string_view kind;
    std::string subject;
    std::string detail = "{}";  ///< A JSON object.
    std::string actor{};        ///< Another role than the writer's own.
};

class Writer {
 public:
    struct Options {
        pg::Settings settings;           ///< Of the migrator.
        std::optional<SigningKey> key;   ///< Nothing: the run goes unsigned.
        std::vector<Introduction> keys;  ///< How that key is introduced where it is not known yet.
        fs::path heads;                  ///< Where the head is kept at the end; empty: nowhere.
        std::optional<Account> owner;    ///< Of that file.
        std::chrono::milliseconds wait{std::chrono::seconds(30)};  ///< For another writer.
        std::function<void(const std::string& holder)> on_wait;
        std::string run;  ///< Empty: a new uuid.
    };

    /// Does nothing yet: a run that has nothing to tell costs nothing.
    explicit Writer(Options options);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();

    /// Adds an entry at once, whatever becomes of the work. While entries of within() are in flight
    /// it waits for them and follows them. Errors: locked; identity_unknown; database_rejected;
    /// cannot_connect.
    void append(const Draft& draft);

    /// SQL that adds the entry in the transaction of the work itself: it exists when that commits,
    /// and only then. The role must be allowed to insert. Called again for a further entry of the
    /// same transaction; after resolve() for another attempt. Errors: as append().
    std::string within(const Draft& draft);
    /// The transaction was committed.
    void confirm();
    /// It was not, or nobody knows: the table is asked, and numbers that were not used are free
    /// again.
    void resolve();
    /// Lets others write until the next entry: for who waits for another lock meanwhile, and would
    /// be waited for.
    void release();
    bool is_in_flight() const { return !in_flight_.empty(); }

    /// Signs what was written, keeps the head outside the database, and lets others write. Nothing
    /// when nothing was written. The head is unsigned without a key.
    std::optional<Head> end();

    const std::string& run() const { return options_.run; }
    std::size_t written() const { return written_; }

 private:
    void open();
    void connect();
    void close();
    /// These two say false when another writer was faster: the standing is to be taken anew.
    bool take_standing(int attempt);
    bool introduce_ourselves(int attempt);
    Entry entry_of(const Draft& draft) const;
    void number(Entry& entry) const;
    std::string signature_of(const Entry& entry) const;
    void write(std::vector<Entry> entries);
    bool try_write(std::vector<Entry>& entries, int attempt);
    void send(const std::vector<Entry>& entries);
    bool is_there(const Entry& entry);

    Options options_;
    std::string origin_;
    std::string actor_;
    std::string database_;
    std::string signed_key_;     ///< The newest key of the journal.
    std::optional<Entry> head_;  ///< The last entry that is committed.
    std::int64_t epoch_ = 0;
    std::vector<Entry> in_flight_;  ///< Given out by within(), not known to be committed.
    std::vector<Entry> waiting_;    ///< Appended meanwhile, without a number.
    std::size_t written_ = 0;
    std::optional<pg::Connection> connection_;
    std::unique_ptr<trust::AdvisoryLock> lock_;  ///< Below the connection, released before it.
};

/// For a database of the run: its migrator, the environment's key (made when it is missing) and
/// the file of heads, `journal/<key of the database>.heads` in the state directory.
Writer::Options options_of(const trust::Run& run, const platform::Database& database);
/// These entries as a run of their own, signed: what a verb did besides migrations.
std::optional<Head> tell(const trust::Run& run, const platform::Database& database,
                         const std::vector<Draft>& drafts);
fs::path heads_file(const trust::Run& run, const platform::Database& database);

}  // namespace caisson::journal
