// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "lifecycle/scale/evidence.h"
#include "lifecycle/scale/stream.h"
#include "lifecycle/scale/tracking.h"

namespace caisson::scale {
namespace {

/// Rows are told apart by as many as this when all of them stay for the same reason.
constexpr std::uint64_t group_size = 50'000;

constexpr const char* number_column = "caisson:row";

/// Finds the rows of one table again: their keys are made anew and joined with the table.
class Finding {
 public:
    Finding(pg::Connection& connection, const Recorded& recorded)
        : connection_(connection), recorded_(recorded) {}

    std::vector<seeds::RowNote> collect(const std::string& doomed, std::int64_t file) {
        target_ = seeds::read_target(connection_, {recorded_.table});
        const auto* const table = target_.table(recorded_.table);
        if (!table) {
            return {};
        }
        table_ = table;
        if (recorded_.generation != generation) {
            return unfound("were made by another version of Caisson; clear them with that");
        }
        source_ = recorded_source(connection_, recorded_.source);
        const auto number = source_->model->number_of(recorded_.table);
        if (!number) {
            return unfound("are not in the file that they were made from");
        }
        layout_.table = *number;
        layout_.name = recorded_.table;
        if (!lay_out_columns()) {
            return unfound(
                "cannot be found: a column that they are known by is gone or has "
                "another type");
        }
        evidence_ = read_evidence(connection_, recorded_.id);
        make_keys();
        const auto suspects = find_suspects();
        remake(suspects);
        mark(doomed, file, !suspects.empty());
        return {};
    }

    void forget(const std::string& doomed, std::int64_t file) {
        const auto kept =
            connection_
                .query(fmt::format("select count(*) filter (where reason is not null) "
                                   "as kept from {} where file = $1",
                                   doomed),
                       {file})
                .front()
                .integer("kept");
        if (unfound_) {
            return;
        }
        if (kept > 0) {
            connection_.query(
                "update caisson.seed_scale_chunks set cleared = true where scale = $1",
                {recorded_.id});
            connection_.query(
                "update caisson.seed_scale_tables set finished_at = null where id = $1",
                {recorded_.id});
            return;
        }
        connection_.query("delete from caisson.seed_scale_chunks where scale = $1", {recorded_.id});
        connection_.query("delete from caisson.seed_scale_tables where id = $1", {recorded_.id});
        connection_.query(
            "delete from caisson.seed_scale_sources s where id = $1 "
            "   and not exists (select from caisson.seed_scale_tables t where t.source = s.id)",
            {recorded_.source});
    }

 private:
    std::vector<seeds::RowNote> unfound(const std::string& why) {
        unfound_ = true;
        return {{recorded_.table.text(), fmt::format("{} rows", recorded_.there()), why}};
    }

    /// As the columns are today: key columns must be there.
    bool lay_out_columns() {
        const auto known = read_columns(connection_, table_->oid);
        const auto& model = source_->model->tables[layout_.table];
        for (const auto& column : known) {
            const auto number = model.column(column.name);
            if (number && column.type && model.columns[*number].stored) {
                layout_.fields.push_back({*number, column.name, *column.type});
            }
        }
        layout_.key = recorded_.key;
        return std::all_of(layout_.key.begin(), layout_.key.end(),
                           [&](const std::string& column) { return layout_.field(column); });
    }

    std::string temporary(std::string_view what) const {
        return pg::identifier(fmt::format("caisson:{}:{}", what, recorded_.id));
    }

    /// An empty temporary table with the number of a row and these columns.
    void make_table(const std::string& name, const std::vector<Field>& fields) {
        std::vector<std::string> columns;
        for (const auto& field : fields) {
            columns.push_back(field.name);
        }
        connection_.query(
            fmt::format("create temp table {} on commit drop as select 0::bigint as {}, {} from {} "
                        "with no data",
                        name, pg::identifier(number_column), pg::identifiers(columns),
                        recorded_.table.quoted()));
    }

    /// Rows with their numbers, from whoever tells which.
    void copy(const std::string& name, const std::vector<Field>& fields,
              const std::function<bool(std::uint64_t& row)>& next_row) {
        Encoder encoder(*source_->model, layout_, fields);
        std::string piece(copy_header);
        bool ended = false;
        connection_.copy_in(fmt::format("copy pg_temp.{} from stdin (format binary)", name),
                            [&]() -> std::string_view {
                                if (ended) {
                                    return {};
                                }
                                if (!piece.empty() && piece.size() > copy_header.size()) {
                                    piece.clear();
                                }
                                std::uint64_t row = 0;
                                while (piece.size() < std::size_t{64} << 10U) {
                                    if (!next_row(row)) {
                                        piece += copy_trailer;
                                        ended = true;
                                        break;
                                    }
                                    encoder.append_numbered(piece, row);
                                }
                                return piece;
                            });
        connection_.query(fmt::format("analyze pg_temp.{}", name));
    }

    void make_keys() {
        std::vector<Field> fields;
        for (const auto& column : layout_.key) {
            fields.push_back(*layout_.field(column));
        }
        make_table(temporary("keys"), fields);
        std::size_t chunk = 0;
        std::uint64_t done = 0;
        copy(temporary("keys"), fields, [&](std::uint64_t& row) {
            while (chunk < recorded_.chunks.size() && done == recorded_.chunks[chunk].rows) {
                ++chunk;
                done = 0;
            }
            if (chunk == recorded_.chunks.size()) {
                return false;
            }
            row = recorded_.chunks[chunk].first + done++;
            return true;
        });
    }

    std::string key_matches() const {
        std::string condition;
        for (const auto& column : layout_.key) {
            condition += fmt::format("{}t.{} = k.{}", condition.empty() ? "" : " and ",
                                     pg::identifier(column), pg::identifier(column));
        }
        return condition;
    }

    /// Numbers of rows that are there, and that somebody else has written last.
    std::vector<std::uint64_t> find_suspects() {
        std::vector<std::uint64_t> suspects;
        connection_.copy_out(
            fmt::format("copy (select k.{} from pg_temp.{} k join {} t on {} where not ({}) order "
                        "by 1) to stdout",
                        pg::identifier(number_column), temporary("keys"), recorded_.table.quoted(),
                        key_matches(), evidence_.written_by_us("t")),
            [&](std::string_view line) { suspects.push_back(std::stoull(std::string(line))); });
        return suspects;
    }

    void remake(const std::vector<std::uint64_t>& suspects) {
        if (suspects.empty()) {
            return;
        }
        make_table(temporary("rows"), layout_.fields);
        std::size_t at = 0;
        copy(temporary("rows"), layout_.fields, [&](std::uint64_t& row) {
            if (at == suspects.size()) {
                return false;
            }
            row = suspects[at++];
            return true;
        });
    }

    void mark(const std::string& doomed, std::int64_t file, bool any_suspects) {
        const auto number = pg::identifier(number_column);
        std::string key;
        for (const auto& column : layout_.key) {
            key += fmt::format("{}{}, k.{}", key.empty() ? "" : ", ", pg::literal(column),
                               pg::identifier(column));
        }
        const auto same = any_suspects ? evidence_.same_row(*table_, layout_, "t", "r") : "true";
        const auto joined = any_suspects ? fmt::format("left join pg_temp.{} r on r.{} = k.{}",
                                                       temporary("rows"), number, number)
                                         : "";
        connection_.query(
            fmt::format(
                "insert into {doomed} (file, table_schema, table_name, key, rel, tid, gone, "
                "reason) "
                "select $1, $2, $3, "
                "  case when f.changed then f.key else jsonb_build_object('rows', "
                "       f.number / {group} * {group} + 1 || ' to ' || "
                "       least((f.number / {group} + 1) * {group}, {rows})) end, "
                "  f.rel, f.tid, f.tid is null, "
                "  case when f.changed then 'was changed since it was made' end "
                "from (select k.{number} as number, jsonb_build_object({key}) as key, "
                "             t.tableoid as rel, t.ctid as tid, "
                "             t.ctid is not null and not ({ours}) and not coalesce({same}, false) "
                "                 as changed "
                "        from pg_temp.{keys} k left join {table} t on {matches} {joined}) f",
                fmt::arg("doomed", doomed), fmt::arg("group", group_size),
                fmt::arg("rows", recorded_.rows), fmt::arg("number", number), fmt::arg("key", key),
                fmt::arg("ours", evidence_.written_by_us("t")), fmt::arg("same", same),
                fmt::arg("keys", temporary("keys")), fmt::arg("table", recorded_.table.quoted()),
                fmt::arg("matches", key_matches()), fmt::arg("joined", joined)),
            {file, recorded_.table.schema, recorded_.table.name});
    }

    pg::Connection& connection_;
    const Recorded& recorded_;
    seeds::Target target_;
    const seeds::Table* table_ = nullptr;
    std::unique_ptr<const Source> source_;
    Layout layout_;
    Evidence evidence_;
    bool unfound_ = false;
};

}  // namespace

std::vector<seeds::Claim> claims(pg::Connection& connection) {
    std::vector<seeds::Claim> all;
    if (!is_tracked(connection)) {
        return all;
    }
    for (const auto& recorded : recorded_tables(connection)) {
        seeds::Claim claim;
        claim.name = "scale.toml";
        claim.table = recorded.table;
        // Told anew in each attempt: the chunks may be others by then.
        const auto finding = std::make_shared<std::unique_ptr<Finding>>();
        const auto present = std::make_shared<Recorded>();
        claim.collect = [finding, present, id = recorded.id](
                            pg::Connection& inside, const std::string& doomed,
                            std::int64_t file) -> std::vector<seeds::RowNote> {
            const auto tables = recorded_tables(inside);
            const auto found = std::find_if(tables.begin(), tables.end(),
                                            [&](const Recorded& table) { return table.id == id; });
            if (found == tables.end()) {
                return {};
            }
            *present = *found;
            *finding = std::make_unique<Finding>(inside, *present);
            return (*finding)->collect(doomed, file);
        };
        claim.forget = [finding](pg::Connection&, const std::string& doomed, std::int64_t file) {
            if (*finding) {
                (*finding)->forget(doomed, file);
            }
        };
        all.push_back(std::move(claim));
    }
    return all;
}

}  // namespace caisson::scale
