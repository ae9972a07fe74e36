// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/blocking.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "operations/monitor/collect/redaction.h"

namespace caisson::monitor {
namespace {

constexpr std::string_view sessions = R"sql(
with waiting as (
  select distinct on (pid) pid, pg_blocking_pids(pid) as by,
         extract(epoch from clock_timestamp() - waitstart)::float8 as waits,
         mode || ' on ' || case locktype
           when 'relation' then 'table ' || coalesce(relation::regclass::text, relation::text)
           when 'tuple' then 'a row of ' || coalesce(relation::regclass::text, relation::text)
           when 'transactionid' then 'transaction ' || transactionid
           else locktype end as lock
    from pg_locks where not granted and pid is not null order by pid, waitstart),
blocked as (select * from waiting where cardinality(by) > 0),
pids as (select pid from blocked union select unnest(by) from blocked)
select p.pid, array_to_string(b.by, ' ') as blocked_by, coalesce(a.usename, '') as usename,
       coalesce(a.datname, '') as datname, coalesce(a.application_name, '') as application,
       coalesce(host(a.client_addr), 'local') as client, coalesce(a.state, '') as state,
       coalesce(b.lock, '') as lock, coalesce(b.waits, 0) as waits,
       coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8 as transaction,
       coalesce(left(a.query, 1000), '') as query
  from pids p left join blocked b using (pid) left join pg_stat_activity a using (pid)
 order by p.pid limit $1)sql";

LockTree tree_of(const LockSession& root, const std::vector<LockSession>& all,
                 std::set<int>& above) {
    LockTree tree{root, {}, false};
    above.insert(root.process);
    for (const auto& session : all) {
        if (std::ranges::find(session.blocked_by, root.process) == session.blocked_by.end()) {
            continue;
        }
        if (above.contains(session.process)) {
            tree.waiting.push_back({session, {}, true});
        } else {
            tree.waiting.push_back(tree_of(session, all, above));
        }
    }
    above.erase(root.process);
    return tree;
}

void collect(const LockTree& tree, std::set<int>& processes) {
    for (const auto& below : tree.waiting) {
        processes.insert(below.session.process);
        collect(below, processes);
    }
}

}  // namespace

std::vector<LockSession> read_lock_sessions(pg::Connection& connection, std::size_t most) {
    std::vector<LockSession> found;
    for (const auto& row : connection.query(sessions, {most})) {
        auto& session = found.emplace_back();
        session.process = static_cast<int>(row.integer("pid"));
        for (const auto& word : split(row.text("blocked_by"), ' ')) {
            int process = 0;
            std::from_chars(word.data(), word.data() + word.size(), process);
            session.blocked_by.push_back(process);
        }
        session.user = row.string("usename");
        session.database = row.string("datname");
        session.application = row.string("application");
        session.client = row.string("client");
        session.state = row.string("state");
        session.lock = row.string("lock");
        session.waits = row.real("waits");
        session.transaction = row.real("transaction");
        session.text = without_constants(row.text("query"));
    }
    return found;
}

std::vector<LockTree> trees_of(const std::vector<LockSession>& sessions) {
    std::vector<LockTree> trees;
    std::set<int> shown;
    const auto add = [&](const LockSession& root) {
        std::set<int> above;
        trees.push_back(tree_of(root, sessions, above));
        shown.insert(root.process);
        collect(trees.back(), shown);
    };
    for (const auto& session : sessions) {
        if (session.blocked_by.empty()) {
            add(session);
        }
    }
    for (const auto& session : sessions) {  // A circle has no root: any of it will do.
        if (!shown.contains(session.process)) {
            add(session);
        }
    }
    std::ranges::stable_sort(trees, [](const LockTree& a, const LockTree& b) {
        return waiting_below(a) > waiting_below(b);
    });
    return trees;
}

std::size_t waiting_below(const LockTree& tree) {
    std::set<int> processes;
    collect(tree, processes);
    return processes.size();
}

}  // namespace caisson::monitor
