// SPDX-License-Identifier: Apache-2.0
#include "app/cli/journaling.h"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

namespace kinds = journal::kinds;

/// `caisson verify` looks at this many of the newest entries; `caisson journal verify` at all.
constexpr std::int64_t newest = 5000;

/// Text of servers need not be UTF-8, but JSON is.
std::string as_utf8(std::string text) {
    if (!is_utf8(text)) {
        std::replace_if(
            text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 126; },
            '?');
    }
    return text;
}

boost::json::object json_of(const migrations::Step& step) {
    const bool up = step.direction == migrations::Direction::up;
    const auto& migration = *step.migration;
    return {{"direction", up ? "up" : "down"},
            {"file", step.file()},
            {"checksum", up || !migration.down ? migration.up.checksum : migration.down->checksum}};
}

std::string subject_of(const migrations::Step& step) {
    return step.migration->source + "/" +
           (step.record ? step.record->version : step.migration->version);
}

/// What tells an entry of a run from the others.
std::string name_of(const journal::Draft& draft) {
    return fmt::format("{} {} {}", draft.kind, draft.subject, draft.detail);
}

void note_unsigned(Context& context, const platform::Database& database,
                   const std::optional<journal::Head>& head) {
    if (head && head->signature.empty()) {
        context.note(
            fmt::format("the journal of {} was not signed: no key is at hand", database.name));
    }
}

}  // namespace

Journaling::Journaling(Context& context, const platform::Database& database, std::string verb)
    : context_(context), database_(database), verb_(std::move(verb)) {}

journal::Writer& Journaling::writer() {
    if (!writer_) {
        auto options = journal::options_of(context_.run(), database_);
        options.on_wait = [this](const std::string& holder) {
            context_.note("waiting for the journal, held by " + holder);
        };
        auto opened = std::make_unique<journal::Writer>(std::move(options));
        opened->append({kinds::plan, verb_, boost::json::serialize(plan_)});
        writer_ = std::move(opened);  // One that could not be opened is not asked again.
    }
    return *writer_;
}

void Journaling::follow(migrations::Options& options, const migrations::Plan& plan) {
    boost::json::array files;
    for (const auto& step : plan.steps) {
        auto row = json_of(step);
        row["subject"] = subject_of(step);
        files.push_back(std::move(row));
    }
    plan_ = {{"files", std::move(files)}};
    // Who holds the lock on migrations waits for the journal before it gives that up.
    options.on_wait = [this, inner = options.on_wait](const std::string& holder) {
        if (writer_) {
            writer_->release();
        }
        if (inner) {
            inner(holder);
        }
    };
    options.on_event = [this](const migrations::Event& event) { happened(event); };
    options.within = [this](const migrations::Event& event) { return within(event); };
}

/// What an event says; nothing for those that are told otherwise: the plan before the first file,
/// the failure with all that its error knows.
std::optional<journal::Draft> Journaling::draft_of(const migrations::Event& event) const {
    using Event = migrations::Event::Kind;
    if (!event.step || event.kind == Event::planned || event.kind == Event::failed) {
        return std::nullopt;
    }
    auto detail = json_of(*event.step);
    if (event.kind == Event::statement) {
        detail["statement"] = event.statement;
    }
    const auto kind = event.kind == Event::started     ? kinds::start
                      : event.kind == Event::statement ? kinds::statement
                      : event.kind == Event::reverted  ? kinds::revert
                                                       : kinds::finish;
    return journal::Draft{kind, subject_of(*event.step), boost::json::serialize(detail),
                          event.step->migration->as_admin
                              ? trust::admin_settings(context_.run(), database_).user
                              : ""};
}

std::string Journaling::within(const migrations::Event& event) {
    const auto draft = draft_of(event);
    if (!draft) {
        return "";
    }
    // Asked for once more, the transaction of the first time was undone.
    if (given_.contains(name_of(*draft))) {
        writer().resolve();
        given_.clear();
    }
    given_.insert(name_of(*draft));
    return writer().within(*draft);
}

void Journaling::happened(const migrations::Event& event) {
    const auto draft = draft_of(event);
    if (!draft) {
        return;
    }
    subject_ = draft->subject;
    if (given_.erase(name_of(*draft)) > 0) {
        writer().confirm();
    } else {
        writer().append(*draft);
    }
}

/// What keeps the journal from taking the failure becomes a fact of the error.
void Journaling::failed(Error& error) {
    if (!writer_) {
        return;  // Nothing had begun.
    }
    try {
        writer_->resolve();
        writer_->append({kinds::failure, subject_.empty() ? verb_ : subject_,
                         boost::json::serialize(journal_detail(error))});
        end();
    } catch (const Error& second) {
        error.with("journal", "does not have this failure: " + second.message());
    }
}

void Journaling::end() {
    note_unsigned(context_, database_, writer_ ? writer_->end() : std::nullopt);
}

boost::json::object journal_detail(const Error& error) {
    boost::json::object detail{{"error", kind_of(error.code()).name},
                               {"message", as_utf8(error.message())}};
    for (const auto* const fact : {"place", "sqlstate", "in flight"}) {
        if (const auto value = error.fact(fact); !value.empty()) {
            detail[fact] = as_utf8(value);
        }
    }
    return detail;
}

void tell_journal(Context& context, const platform::Database& database, std::string_view kind,
                  const std::string& subject, const boost::json::object& detail) {
    try {
        const auto head = journal::tell(context.run(), database,
                                        {{kind, subject, boost::json::serialize(detail)}});
        note_unsigned(context, database, head);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        context.note(fmt::format("the journal of {} does not have this {}: {}", database.name,
                                 subject, error.message()));
    }
}

void keep_proof(Context& context, const platform::Database& database, const std::string& subject,
                const boost::json::object& detail) {
    try {
        auto settings = trust::role_settings(context.run(), database, trust::Role::migrator);
        settings.connect_limit = std::chrono::seconds(3);
        pg::Connection live(settings);
        if (trust::judge(live, context.run(), database).standing != trust::Standing::ours) {
            return;
        }
    } catch (const Error&) {
        return;
    }
    tell_journal(context, database, journal::kinds::proof, subject, detail);
}

std::string keep_journal(Context& context, const platform::Database& database,
                         pg::Connection& connection) {
    if (!journal::has_journal(connection)) {
        return "";
    }
    tell_journal(context, database, journal::kinds::finish, "db detach", {});
    std::string lines;
    journal::read(connection, {}, [&](const auto& entry) { lines += to_line(entry) + "\n"; });
    const auto& run = context.run();
    const auto identity = trust::read_identity(connection);
    const auto file = journal::directory_of(run) /
                      fmt::format("{}-{}.ndjson", database.key, identity ? identity->uuid : "");
    make_directory(journal::directory_of(run), 0755, run.account);
    write_file(file, lines, 0640, run.account);
    return file;
}

journal::Expectation expectation_of(const trust::Run& run, const platform::Database& database) {
    journal::Expectation expectation;
    std::vector<std::string> torn;  // A crash may have cut the last line; what is whole counts.
    expectation.heads =
        journal::parse_heads(read_own(journal::heads_file(run, database)).value_or(""), torn);
    for (const auto& key : journal::known_keys(run)) {
        expectation.known.push_back(key.public_key);
    }
    return expectation;
}

journal::Verdict journal_verdict(const trust::Run& run, const platform::Database& database,
                                 pg::Connection& connection) {
    auto expectation = expectation_of(run, database);
    const auto last = journal::last_sequence(connection);
    const auto from = std::max<std::int64_t>(last - newest, 1);
    std::erase_if(expectation.heads,
                  [&](const journal::Head& head) { return head.sequence < from; });
    if (from > 1) {
        // What is before is taken as it is: its last entry anchors the rest.
        journal::read(connection, {from - 1, from - 1, "", "", ""}, [&](const auto& entry) {
            expectation.heads.push_back(
                {"", entry.epoch, entry.sequence, entry.hash, entry.at, "", ""});
        });
    }
    journal::Verifier verifier(std::move(expectation));
    journal::read(connection, {from, 0, "", "", ""},
                  [&](const auto& entry) { verifier.take(entry); });
    return verifier.finish();
}

}  // namespace caisson::cli
