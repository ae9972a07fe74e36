// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the trials of one actor share.

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protection/isolation/finding.h"
#include "protection/isolation/plan.h"
#include "protection/isolation/session.h"

namespace caisson::isolation {

/// What came of a command on a table, over all actors; the worst counts.
enum class Mark { no_right, held, untried, leaked };

struct Cell {
    Mark mark = Mark::no_right;
    std::string why;  ///< What was in the way, of what could not be tried.
};
/// By label of the relation or function, then by command.
using Marks = std::map<std::string, std::map<std::string, Cell>>;

/// What does not change between actors.
struct Setting {
    const Subject& subject;
    const rows::Shapes& shapes;
    const Tenancy& tenancy;
    const Islands& islands;
    const platform::Isolation& isolation;
    const Rights& rights;
    std::string role;
    std::set<std::string> memberships;          ///< The role itself, and those whose rights it has.
    std::map<std::string, std::size_t> owners;  ///< Islands::owners().
};

/// A row of another tenant, and where it lies.
struct Victim {
    const Row* row = nullptr;
    std::size_t tenant = 0;
    Oid relation = 0;  ///< The partition, where it lies in one.
    std::string spot;  ///< ctid
};

bool has(const std::vector<std::string>& names, const std::string& name);

class Scene {
 public:
    Scene(const Setting& setting, Stage& stage, Actor actor, Findings& findings,
          std::vector<Draft>& drafts, Marks& marks)
        : setting_(setting),
          stage_(stage),
          actor_(std::move(actor)),
          findings_(findings),
          drafts_(drafts),
          marks_(marks) {}

    /// Puts rows there in two steps, asks everything in between and afterwards, and tries what
    /// changes.
    void play();

    struct Question;
    struct Answer;
    struct Effects {
        const Victim* victim = nullptr;  ///< Null: none.
        bool is_gain = false;            ///< Somebody who has a row more.
    };

 private:
    // try_reads.cc
    std::vector<Question> questions();
    std::vector<Answer> ask(const std::vector<Question>& questions);
    Answer ask(const Question& question);
    Cell judge(const Question& question, const Answer& before, const Answer& after,
               bool names_victims);
    void compare(const Question& question, const Answer& before, const Answer& after);
    void check_own(const std::vector<Question>& questions, const std::vector<Answer>& answers);
    void refresh();
    std::string victims_in(const Answer& answer, std::vector<const Row*>& rows) const;
    // try_calls.cc
    void add_calls(std::vector<Question>& questions);
    /// Calls the function of the question, unless its calls took too long already.
    Outcome call(const Question& question, const std::function<void(const Outcome&)>& inspect = {});
    void note_call(const Function& function, const Cell& cell);
    void note_calls();
    void try_effects(const Question& question);
    // try_writes.cc
    bool is_tried(const Relation& relation) const;
    void try_writes();
    void try_update(const Relation& relation);
    void try_delete(const Relation& relation);
    void try_truncate(const Relation& relation);
    void try_hands(const Relation& relation, std::size_t index, bool may_insert);
    /// Whether it leaks; so do those below.
    bool try_insert(const Relation& relation, const Victim& victim);
    void try_copy_in(const Relation& relation, const Victim& victim);
    void try_give_away(const Relation& relation, const Victim& victim);
    bool try_give_away(const Relation& relation, const Victim& victim, const Row& own);
    bool try_take_over(const Relation& relation, const Victim& victim);
    /// Assignments that make a row that of the tenant of `to`, as far as the role may.
    std::vector<std::string> assignments(const Relation& relation, const Row& from,
                                         const Row& to) const;
    Outcome try_each(const std::vector<const Victim*>& victims, const std::string& statement,
                     std::vector<const Victim*>& harmed);
    void try_blind(const Relation& relation, const std::string& command,
                   const std::string& statement);
    // try_keys.cc
    void try_keys();
    rows::Values taken(const rows::Table& table, const rows::Key& key, const Victim& victim) const;
    void try_upsert(const rows::Table& table, const rows::Key& key, const Victim& victim);
    void try_unique(const rows::Key& key, const Victim& victim);
    /// Whether the answer tells that the key is taken; so do those below.
    bool try_insert_key(const rows::Key& key, const Victim& victim, const Row& own);
    bool try_update_key(const rows::Key& key, const Victim& victim, const Row& own);
    bool report_key(const rows::Key& key, const Victim& victim, const Outcome& outcome,
                    const std::string& verb, Draft draft);
    void note_random(const rows::Key& key);
    const Tenant& giver(std::size_t victim) const;
    bool is_probed(std::size_t index) const;
    // try_references.cc
    struct Probe;
    void try_references();
    /// Whether it is taken.
    bool try_insert_reference(const Probe& probe);
    void try_update_reference(const Probe& probe);
    Row referring(const Probe& probe);
    void report_reference(const Probe& probe, const std::string& command, const Effects& effects,
                          Draft draft);
    // try_plans.cc
    void try_plans(const std::map<std::string, std::uint64_t>& calls_before);
    std::map<std::string, std::uint64_t> count_calls();
    struct Planned;
    std::vector<Scan> scans(const Relation& relation, const Planned& planned);
    void look_at_changes(const Relation& relation);
    void look_for_calls(const Relation& relation, const Planned& planned);
    void look_at_plan(const Relation& relation, const Planned& planned);

    void mark(const std::string& label, const std::string& command, Mark mark,
              const std::string& why = {});
    /// Held where it was done without harm or refused by a policy; untried where something else was
    /// in the way.
    void mark(const std::string& label, const std::string& command, bool is_leak,
              const Outcome& outcome);
    /// Whether a refusal says that a policy was in the way.
    bool is_held_by(const std::string& sqlstate) const;
    void find_victims();
    void note_missing(const std::vector<Missing>& missing);
    std::string condition_of_owner(const Row& row) const;
    std::int64_t count(const rows::Table& table, const std::string& condition);
    /// How many rows others have where the first of theirs lies.
    std::map<const Row*, std::int64_t> belongings();
    /// What has become of others' rows: one that is changed, or one more. Of those that are
    /// watched; without the argument, all.
    Effects effects(const std::function<bool(const Row&)>& is_watched = {});
    /// `draft` has the actor's rows and the statement.
    void report_effects(Finding finding, const Effects& effects, Draft draft);
    /// The victims that lie in this relation, or all.
    std::vector<const Victim*> victims_of(const Relation& relation) const;
    /// Those of them that are no longer where they were.
    std::vector<const Victim*> changed(const std::vector<const Victim*>& victims);
    void report(Finding finding, Draft draft);
    const Tenant& self() const { return setting_.islands.tenants[actor_.tenant]; }
    const Tenant& tenant(std::size_t index) const { return setting_.islands.tenants[index]; }
    const Rights::Of& rights_on(const Relation& relation) const {
        return setting_.rights.of(relation.oid);
    }
    /// The row as the role may insert it, with some columns replaced.
    rows::Values insertable(const Relation& relation, const Row& row,
                            const rows::Values& replaced = {}) const;

    const Setting& setting_;
    Stage& stage_;
    const Actor actor_;
    Findings& findings_;
    std::vector<Draft>& drafts_;
    Marks& marks_;
    std::vector<Victim> victims_;
    std::map<const Function*, Cell> calls_;  ///< The best that came of calling each.
    std::map<const Function*, std::chrono::nanoseconds> spent_;  ///< On its calls.
    std::map<const Row*, std::int64_t> belongings_;              ///< Once all rows are there.
};

/// Something that is asked before and after others' rows are there.
struct Scene::Question {
    enum class Kind { relation, copy, function, statistics };
    Kind kind = Kind::relation;
    std::string sql;
    const Relation* relation = nullptr;
    const Function* function = nullptr;
};

/// What came back, in an order of its own.
struct Scene::Answer {
    std::vector<std::vector<std::string>> rows;
    std::string refusal;  ///< SQLSTATE; the rows are then none.
    std::string why;
    bool operator==(const Answer& other) const {
        return rows == other.rows && refusal == other.refusal;
    }
};

}  // namespace caisson::isolation
