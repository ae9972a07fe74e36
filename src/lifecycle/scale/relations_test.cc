// SPDX-License-Identifier: Apache-2.0
// Rows that refer to one another, and files that cannot be understood.
#include <algorithm>
#include <map>
#include <set>

#include "base/crypto.h"
#include "lifecycle/scale/making_test.h"
#include "lifecycle/scale/stream.h"

namespace caisson::scale {
namespace {

using Texts = std::vector<std::string>;

constexpr const char* shop = R"(
seed = 3
[tables.customers]
rows = 500
[tables.customers.columns]
id = "uuid"
country = { make = "choice", of = ["DE", "FR"] }
_orders = { make = "match", of = "country", to = { DE = 3 }, otherwise = 0 }
orders = { make = "children", of = "orders.customer_id" }
spent = { make = "children", of = "orders.customer_id", sum = "total" }

[tables.orders.columns]
id = "sequence"
customer_id = { make = "reference", to = "customers.id", each = { column = "_orders" } }
country = { make = "copy", of = "customer_id.country" }
place = { make = "position", of = "customer_id" }
total = { make = "decimal", from = 1, to = 99 }

[tables.lines.columns]
order_id = { make = "reference", to = "orders.id", each = [0, 4] }
country = { make = "copy", of = "order_id.country" }
seller_id = { make = "reference", to = "customers.id", shape = "zipf" }

[tables.notes]
rows = 1000
[tables.notes.columns]
id = "sequence"
parent_id = { make = "reference", to = "notes.id" }
code = { make = "reference", to = "codes.code" }
title = { make = "copy", of = "code.title" }
hash = { make = "bytes", length = 4 }
parent_hash = { make = "previous", of = "hash" }
)";

Inputs codes() {
    List list;
    list.columns = {"code", "title"};
    for (const auto* const word : {"a", "b", "c"}) {
        auto& row = list.rows.emplace_back(2);
        row[0].set_text(word);
        row[1].set_text(std::string("title of ") + word);
    }
    return {{"codes", list}};
}

TEST(Relations, ChildrenAreCountedByTheirParents) {
    const Making making(shop, 1, codes());
    const auto countries = making.texts("customers", "country");
    const auto counts = making.texts("customers", "orders");
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < countries.size(); ++i) {
        EXPECT_EQ(counts[i], countries[i] == "DE" ? "3" : "0");
        sum += std::stoul(counts[i]);
    }
    EXPECT_EQ(making.rows("orders"), sum);
    const auto parents = making.texts("orders", "customer_id");
    const auto ids = making.texts("customers", "id");
    const std::set<std::string> known(ids.begin(), ids.end());
    for (std::size_t i = 0; i < parents.size(); ++i) {
        EXPECT_TRUE(known.contains(parents[i]));
        EXPECT_EQ(making.text("orders", "place", i), std::to_string(i % 3));
        EXPECT_EQ(making.text("orders", "country", i), "DE");
    }
    EXPECT_EQ(making.text("lines", "country", making.rows("lines") - 1), "DE");
    Decimal all;
    Decimal spent;
    for (const auto& total : making.texts("orders", "total")) {
        all = add(all, *parse_decimal(total));
    }
    for (const auto& one : making.texts("customers", "spent")) {
        spent = add(spent, *parse_decimal(one));
    }
    EXPECT_EQ(compare(all, spent), 0);
}

TEST(Relations, EveryParentHasAsManyChildrenAsWereDrawn) {
    const Making making(shop, 1, codes());
    std::map<std::string, int> counts;
    for (const auto& id : making.texts("lines", "order_id")) {
        ++counts[id];
    }
    EXPECT_NEAR(static_cast<double>(making.rows("lines")),
                2.0 * static_cast<double>(making.rows("orders")),
                0.2 * static_cast<double>(making.rows("orders")));
    EXPECT_TRUE(
        std::all_of(counts.begin(), counts.end(), [](auto& one) { return one.second <= 4; }));
}

TEST(Relations, SkewMakesSomeParentsPopular) {
    const Making making(shop, 10, codes());
    std::map<std::string, double> counts;
    for (const auto& id : making.texts("lines", "seller_id")) {
        ++counts[id];
    }
    double most = 0;
    for (const auto& [id, count] : counts) {
        most = std::max(most, count);
    }
    // The first of 5000 by Zipf's law: 1 / (ln 5000 + 0.577) of all.
    EXPECT_NEAR(most / static_cast<double>(making.rows("lines")), 0.11, 0.02);
}

TEST(Relations, AnEarlierRowOfTheSameTableIsReferredTo) {
    const Making making(shop, 1, codes());
    const auto parents = making.texts("notes", "parent_id");
    EXPECT_EQ(parents[0], "");
    for (std::size_t i = 1; i < parents.size(); ++i) {
        EXPECT_LE(std::stoul(parents[i]), i);
    }
    for (std::uint64_t i = 1; i < 100; ++i) {
        EXPECT_EQ(making.text("notes", "parent_hash", i), making.text("notes", "hash", i - 1));
    }
    EXPECT_EQ(making.text("notes", "parent_hash", 0).size(), 8U);
}

TEST(Relations, RowsThatWereThereAreReferredTo) {
    const Making making(shop, 1, codes());
    const auto found = making.texts("notes", "code");
    EXPECT_EQ(std::set(found.begin(), found.end()), (std::set<std::string>{"a", "b", "c"}));
    for (std::uint64_t i = 0; i < 100; ++i) {
        EXPECT_EQ(making.text("notes", "title", i), "title of " + found[i]);
    }
    EXPECT_EQ(wanted_inputs({"scale.toml", shop, {}}),
              (std::map<std::string, std::set<std::string>>{{"codes", {"code", "title"}}}));
}

constexpr const char* filtered = R"(
[tables.users]
rows = 300
[tables.users.columns]
id = "sequence"
status = { make = "choice", of = { active = 1, closed = 1, banned = 1 } }
level = { make = "integer", from = 1, to = 2 }
[tables.posts]
rows = 900
[tables.posts.columns]
id = "sequence"
author = { make = "reference", to = "users.id", where = { status = ["active", "closed"], level = 2 }, shape = "zipf" }
status = { make = "copy", of = "author.status" }
level = { make = "copy", of = "author.level" }
nobody = { make = "reference", to = "users.id", where = { status = "gone" } }
code = { make = "reference", to = "codes.code", where = { title = ["title of a", "title of c"] } }
title = { make = "copy", of = "code.title" }
)";

TEST(Relations, MayLeadToRowsThatHoldAValueAlone) {
    const Making making(filtered, 1, codes());
    const auto statuses = making.texts("posts", "status");
    const auto levels = making.texts("posts", "level");
    const auto authors = making.texts("posts", "author");
    const auto found = making.texts("posts", "code");
    EXPECT_EQ(std::set(statuses.begin(), statuses.end()),
              (std::set<std::string>{"active", "closed"}));
    EXPECT_EQ(std::set(levels.begin(), levels.end()), (std::set<std::string>{"2"}));
    EXPECT_EQ(std::set(found.begin(), found.end()), (std::set<std::string>{"a", "c"}));
    std::map<std::string, int> counts;
    for (const auto& author : authors) {
        ++counts[author];
    }
    // Many of them, and one most of all.
    EXPECT_GT(counts.size(), 40U);
    EXPECT_GT(std::max_element(counts.begin(), counts.end(),
                               [](const auto& a, const auto& b) { return a.second < b.second; })
                  ->second,
              60);
    EXPECT_EQ(making.text("posts", "nobody", 5), "");
    EXPECT_EQ(making.text("posts", "title", 7), "title of " + found[7]);
    // By itself, in another order and by another value: the same.
    EXPECT_EQ(Making(filtered, 1, codes()).text("posts", "author", 899), authors[899]);
    EXPECT_EQ(wanted_inputs({"scale.toml", filtered, {}}),
              (std::map<std::string, std::set<std::string>>{{"codes", {"code", "title"}}}));
}

TEST(Relations, TheFactorMultipliesWhatIsDeclared) {
    EXPECT_EQ(Making(shop, 0.01, codes()).rows("customers"), 5U);
    EXPECT_EQ(Making(shop, 10, codes()).rows("customers"), 5000U);
    EXPECT_EQ(Making("[tables.t]\nrows = 3\n[tables.t.columns]\na = 1\n", 0.01).rows("t"), 1U);
    EXPECT_EQ(Making("[tables.t]\nrows = 0\n[tables.t.columns]\na = 1\n", 10).rows("t"), 0U);
}

/// Every column of the first rows of each table, in the binary form of COPY.
std::string encoded(const std::string& text, std::uint64_t count) {
    const auto source = understand({"scale.toml", text, {}}, 1, codes());
    std::string out;
    for (std::size_t table = 0; table < source->model->tables.size(); ++table) {
        Layout layout;
        layout.table = table;
        layout.name = source->model->tables[table].name;
        const auto& columns = source->model->tables[table].columns;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            layout.fields.push_back({i, columns[i].name, {Type::text, "text"}});
        }
        Encoder encoder(*source->model, layout, layout.fields);
        for (std::uint64_t row = 0; row < count; ++row) {
            encoder.append(out, row);
        }
    }
    return out;
}

TEST(Determinism, RowsAreTheSameInWhateverOrderTheyAreMade) {
    EXPECT_EQ(encoded(shop, 100), encoded(shop, 100));
    const auto source = understand({"scale.toml", shop, {}}, 1, codes());
    Row forwards(*source->model, 2);
    Row backwards(*source->model, 2);
    std::map<std::uint64_t, std::string> seen;
    const auto text = [](Row& row) {
        std::string out;
        for (std::size_t i = 0; i < row.table().columns.size(); ++i) {
            append_text(out, row.at(i));
            out += '|';
        }
        return out;
    };
    for (std::uint64_t row = 0; row < 200; ++row) {
        forwards.seek(row);
        seen[row] = text(forwards);
    }
    for (std::uint64_t row = 200; row-- > 0;) {
        backwards.seek(row);
        EXPECT_EQ(text(backwards), seen[row]);
    }
}

constexpr const char* everything = R"(
seed = -5
[lists]
words = [{ word = "a", weight = 3 }, { word = "b", weight = 1 }]
[tables.t]
rows = 1000
[tables.t.columns]
a = { make = "integer", from = -5, to = 500, shape = "normal", nulls = 0.2 }
b = { make = "integer", from = 1, to = 1_000_000, shape = "zipf", exponent = 1.3 }
c = { make = "decimal", from = 0, to = "1e20", digits = 4, shape = "exponential" }
d = { make = "decimal", from = 0, to = "3e25" }
e = { make = "time", from = "1990-01-01", to = "2026-01-01", shape = "normal" }
f = { make = "date", after = "e", within = "90d", shape = "exponential" }
g = "person"
_form = { make = "pick", list = "legal_forms" }
h = { make = "company", form = "_form" }
i = { make = "text", length = [0, 200], shape = "normal" }
j = { make = "template", text = "{g:slug}{h:upper}{digits:5}{letters:5}{hex:5}{number:1-9}{n:4}" }
k = { make = "bytes", length = [0, 50] }
l = { make = "bytes", length = 20, pool = { name = "p", size = 99, shape = "zipf" } }
m = { make = "hash", of = "j" }
n = { make = "array", of = ["x", "y", "z"] }
o = { make = "json", of = { deep = [{ make = "boolean", share = 0.3 }, { make = "uuid" }] } }
p = { make = "pick", list = "words", column = "word" }
q = { make = "pick", list = "places", column = "postal_code" }
r = { make = "compute", of = "b * c / 7", digits = 3 }
s = { make = "choice", of = { one = 1, two = 2.5 } }
u = { make = "time", from = "2026-01-01", to = "2026-01-02", shape = "ordered" }
)";

// When this changes, rows that are in somebody's database can no longer be made again: only
// together with `generation` in tracking.h.
TEST(Determinism, TheBytesAreThoseOfEveryVersionBefore) {
    EXPECT_EQ(sha256_hex(encoded(shop, 200)),
              "b085755e4f3b932c6020fbcacc5116a60f9fdee0793b031d188ad672cf09d974");
    EXPECT_EQ(sha256_hex(encoded(everything, 1000)),
              "4a98522ca37925c696c438f55e01ced10e6dcae95dc88dee33243fe49ede3b97");
}

TEST(Digests, FollowWhatRowsFollowFrom) {
    const auto of = [](const std::string& text, double factor = 1) {
        seeds::Mistakes mistakes;
        return digests(declare({"scale.toml", text, {}}, mistakes), factor);
    };
    const std::string text = shop;
    const auto before = of(text);
    EXPECT_EQ(of("# a comment\n" + text), before);
    EXPECT_NE(of(text, 2), before);
    auto changed = text;
    changed.replace(changed.find("[0, 4]"), 6, "[0, 5]");
    const auto after = of(changed);
    EXPECT_EQ(after[0], before[0]);
    EXPECT_EQ(after[1], before[1]);
    EXPECT_NE(after[2], before[2]);
    EXPECT_EQ(after[3], before[3]);
    changed = text;
    changed.replace(changed.find("DE = 3"), 6, "DE = 4");
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NE(of(changed)[i], before[i]) << i;
    }
    EXPECT_EQ(of(changed)[3], before[3]);
}

TEST(Mistakes, AreToldWithTheirPlace) {
    const auto in_table = [](const std::string& columns) {
        return mistakes_of("[tables.t]\nrows = 5\n[tables.t.columns]\n" + columns);
    };
    for (const auto& [columns, expected] : std::vector<std::pair<std::string, std::string>>{
             {"a = 'uid'", "scale.toml:4:5 nothing makes uid; did you mean uuid?"},
             {"a = { make = 'integer', from = 1 }", "the setting to is missing"},
             {"a = { make = 'integer', from = 5, to = 1 }", "from lies above to"},
             {"a = { make = 'integer', from = 0.5, to = 1 }", "expected a whole number"},
             {"a = { make = 'uuid', nuls = 0.5 }", "no setting nuls here; did you mean nulls?"},
             {"a = { make = 'uuid', nulls = 2 }", "nulls is 2; expected 0 to 1"},
             {"a = { make = 'copy', of = 'bb' }\nb = 1",
              "no column bb in this file; did you mean b?"},
             {"a = { make = 'copy', of = 'b' }\nb = { make = 'copy', of = 'a' }",
              "a column is made from itself: t.a from t.b from t.a"},
             {"a = { make = 'copy', of = 'a.x' }", "a is no reference"},
             {"a = { make = 'time', from = 'yesterday', to = '2026-01-01' }", "no date or time"},
             {"a = { make = 'time', after = 'b', within = 'long' }\nb = 1", "no duration"},
             {"a = { make = 'choice', of = {} }", "choices are written"},
             {"a = { make = 'choice', of = ['x'], weights = [1, 2] }",
              "weights is a list of 1 number"},
             {"a = { make = 'pick', list = 'nothing' }", "there is no list nothing"},
             {"a = { make = 'pick', list = 'places', column = 'town' }", "has no column town"},
             {"a = { make = 'compute', of = '1 +' }", "is no expression"},
             {"a = { make = 'template', text = '{x' }", "a { without its }"},
             {"a = { make = 'reference', to = 'elsewhere' }", "to is written \"table.column\""},
             {"a = { make = 'reference', to = 't.z' }", "t has no column z in this file"},
             {"a = { make = 'reference', to = 't.b', each = 2 }\nb = 'uuid'",
              "neither each nor shape"},
             {"a = { make = 'reference', to = 't.b', where = { b = 1 } }\nb = 'uuid'",
              "nor where is for it"},
             {"a = { make = 'reference', to = 'elsewhere.b', where = 'b' }", "where is written"},
             {"a = { make = 'reference', to = 'elsewhere.b', where = { b = {} } }",
              "where is written"},
             {"a = { make = 'bytes', length = [3, 1] }", "neither a number from 0 nor two"},
             {"a = [1]", "expected { make = … }"},
             {"a = { make = 'uuid', when = { b = [] } }\nb = 1", "the list of values is empty"}}) {
        EXPECT_NE(in_table(columns).find(expected), std::string::npos)
            << columns << "\n  " << in_table(columns);
    }
    for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
             {"sed = 1", "no setting sed here; did you mean seed?"},
             {"[tables.t]\nrows = -1\n[tables.t.columns]\na = 1", "rows is -1"},
             {"[tables.t.columns]\na = 1", "nothing says how many rows there are"},
             {"[tables.t]\nrows = 1", "the table has no columns"},
             {"[tables.t]\nrows = 1\n[tables.t.columns]\na = { make = 'reference', to = 'u.a' }\n"
              "[tables.u]\nrows = 1\n[tables.u.columns]\na = { make = 'reference', to = 't.b' }\n",
              "t has no column b"},
             {"[tables.t]\nrows = 1\n[tables.t.columns]\nb = 1\na = { make = 'reference', to = "
              "'u.b' }\n"
              "[tables.u]\nrows = 1\n[tables.u.columns]\nb = 1\na = { make = 'reference', to = "
              "'t.b' }\n",
              "refers to itself over other tables"},
             // Whether a row passes is asked before it is known who is referred to.
             {"[tables.u]\nrows = 1\n[tables.u.columns]\nb = 1\nc = { make = 'children', of = "
              "'t.a', sum = 'd' }\n[tables.t.columns]\na = { make = 'reference', to = 'u.b', each "
              "= "
              "1 }\nd = { make = 'copy', of = 'e.b' }\ne = { make = 'reference', to = 'u.b', where "
              "= { c = 1 } }\n",
              "a column is made from itself"},
             {"[tables.u]\nrows = 1\n[tables.u.columns]\nb = 1\n[tables.t.columns]\na = { make = "
              "'reference', to = 'u.b', each = 1, where = { b = 1 } }\n",
              "each and where exclude one another"},
             {"[tables.u]\nrows = 1\n[tables.u.columns]\nb = 1\n[tables.t]\nrows = "
              "1\n[tables.t.columns]\na = { make = 'reference', to = 'u.b', where = { c = 1 } }\n",
              "u has no column c in this file"},
             {"[tables.p]\nrows = 1\n[tables.p.columns]\nn = -3\n[tables.t]\n[tables.t.columns]\n"
              "a = { make = 'reference', to = 'p.n', each = { column = 'n' } }\n",
              "n is \"-3\" in row 1"},
             {"[lists]\na = []", "the list a is empty"},
             {"[lists]\na = { file = 'scale/no.txt' }", "no file seeds/scale/no.txt"},
             {"[lists]\na = [{ x = 1 }, { y = 1 }]", "the entry has y; expected x"},
             {"a = [", "this is not TOML"}}) {
        EXPECT_NE(mistakes_of(text).find(expected), std::string::npos)
            << text << "\n  " << mistakes_of(text);
    }
}

}  // namespace
}  // namespace caisson::scale
