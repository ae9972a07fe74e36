// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the trials of one actor share.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protection/isolation/finding.h"
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

 private:
    // try_reads.cc
    std::vector<Question> questions() const;
    std::vector<Answer> ask(const std::vector<Question>& questions);
    Answer ask(const Question& question);
    void compare(const Question& question, const Answer& before, const Answer& after);
    void check_own(const std::vector<Question>& questions, const std::vector<Answer>& answers);
    void refresh();
    std::string victims_in(const Answer& answer, std::vector<const Row*>& rows) const;
    // try_calls.cc
    void add_calls(std::vector<Question>& questions) const;
    void try_effects(const Question& question);
    // try_writes.cc
    void find_victims();
    bool is_tried(const Relation& relation) const;
    void try_writes();
    void try_update(const Relation& relation);
    void try_delete(const Relation& relation);
    void try_truncate(const Relation& relation);
    void try_insert(const Relation& relation, const Victim& victim);
    void try_copy_in(const Relation& relation, const Victim& victim);
    void try_give_away(const Relation& relation, const Victim& victim);
    void try_take_over(const Relation& relation, const Victim& victim);
    /// Assignments that make a row that of the tenant of `to`, as far as the role may.
    std::vector<std::string> assignments(const Relation& relation, const Row& from,
                                         const Row& to) const;
    void clear_way(const rows::Table& table, const Row& but);
    void try_blind(const Relation& relation, const std::string& command,
                   const std::string& statement);
    // try_keys.cc
    void try_keys();
    void try_upsert(const rows::Table& table, const rows::Key& key, const Victim& victim);
    void try_unique(const rows::Table& table, const rows::Key& key, const Victim& victim);
    void note_random(const rows::Key& key);
    void try_reference(const rows::Table& table, const rows::ForeignKey& key, const Tenant& other);
    // try_plans.cc
    void try_plans(const std::map<std::string, std::uint64_t>& calls_before);
    std::map<std::string, std::uint64_t> count_calls();
    void look_at_plan(const Relation& relation);

    void mark(const std::string& label, const std::string& command, Mark mark,
              const std::string& why = {});
    /// Held where it was done without harm or refused by a policy; untried where something else was
    /// in the way.
    void mark(const std::string& label, const std::string& command, bool is_leak,
              const Outcome& outcome);
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
    bool operator==(const Answer&) const = default;
};

}  // namespace caisson::isolation
