// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What verbs tell the journal of a database.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "app/cli/context.h"
#include "lifecycle/migrations/migrations.h"
#include "trust/journal/journal.h"

namespace caisson::cli {

/// The journal during a run of migrations: a plan, a start and a finish or revert for each file,
/// the failure that ended it. Nothing is opened while nothing is to be told.
class Journaling {
 public:
    /// `verb` is what the plan is told under, such as "migrate down".
    Journaling(Context& context, const platform::Database& database, std::string verb);

    /// Lets the run tell what happens.
    void follow(migrations::Options& options, const migrations::Plan& plan);
    /// Does the work and signs what was told of it; a note says so where nobody could sign. Its
    /// failure is told before it goes on its way.
    template <typename Work>
    migrations::Report during(Work&& work) {
        try {
            auto report = work();
            end();
            return report;
        } catch (Error& error) {
            failed(error);
            throw;
        }
    }

 private:
    void failed(Error& error);
    void end();
    journal::Writer& writer();
    std::optional<journal::Draft> draft_of(const migrations::Event& event) const;
    std::string within(const migrations::Event& event);
    void happened(const migrations::Event& event);

    Context& context_;
    platform::Database database_;
    std::string verb_;
    boost::json::object plan_;
    std::string subject_;          ///< What was told last.
    std::set<std::string> given_;  ///< Entries that are part of a transaction at the moment.
    std::unique_ptr<journal::Writer> writer_;
};

/// One entry, signed, for what a verb did in a database besides migrations. `kind` is one of
/// journal::kinds. The work is done by then: where the journal cannot take it, a note says so.
void tell_journal(Context& context, const platform::Database& database, std::string_view kind,
                  const std::string& subject, const boost::json::object& detail);
/// A proof that needed no server: the journal of the database remembers it where that can be
/// reached at the moment.
void keep_proof(Context& context, const platform::Database& database, const std::string& subject,
                const boost::json::object& detail);
/// Ends the journal of a database that is detached, and keeps an export of it in the state
/// directory. The file; empty where there is no journal.
std::string keep_journal(Context& context, const platform::Database& database,
                         pg::Connection& connection);
/// What an error says, as the detail of a failure.
boost::json::object journal_detail(const Error& error);

/// How the newest entries of a journal stand: what `caisson verify` asks.
journal::Verdict journal_verdict(const trust::Run& run, const platform::Database& database,
                                 pg::Connection& connection);
/// The heads and the public keys that this state directory has.
journal::Expectation expectation_of(const trust::Run& run, const platform::Database& database);

}  // namespace caisson::cli
