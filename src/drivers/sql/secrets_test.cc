// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/secrets.h"

#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

TEST(SecretsTest, WhatANameCallsASecretIsNotShown) {
    EXPECT_EQ(without_secrets("create role a login password 'x y'; select 'b'"),
              "create role a login password '***'; select 'b'");
    EXPECT_EQ(without_secrets("alter server s options (set \"Token\" $a$x$a$, host 'h', add "
                              "passfile E'\\'')"),
              "alter server s options (set \"Token\" '***', host 'h', add passfile '***')");
    EXPECT_EQ(without_secrets("create subscription s connection 'host=h' publication p"),
              "create subscription s connection '***' publication p");
}

TEST(SecretsTest, NothingThatAUserMappingSaysIsShown) {
    EXPECT_EQ(without_secrets("CREATE USER MAPPING FOR public SERVER s OPTIONS (user 'u', x 'y');"
                              "select 'z'"),
              "CREATE USER MAPPING FOR public SERVER s OPTIONS (user '***', x '***');select 'z'");
}

TEST(SecretsTest, AValueMayTellOneByItself) {
    EXPECT_EQ(without_secrets("select dblink('host=h Password = x', 'select 1')"),
              "select dblink('***', 'select 1')");
    EXPECT_EQ(without_secrets("select f('postgresql://u:x@h/d'), 'https://h:80/a@b'"),
              "select f('***'), 'https://h:80/a@b'");
}

TEST(SecretsTest, BodiesAreLookedInto) {
    EXPECT_EQ(without_secrets("do $$ begin create role app password 'x'; end $$; select 'b'"),
              "do $$ begin create role app password '***'; end $$; select 'b'");
    EXPECT_EQ(without_secrets("do 'begin create role app password ''x''; perform ''y''; end'"),
              "do 'begin create role app password ''***''; perform ''y''; end'");
    EXPECT_EQ(without_secrets("execute $a$ alter role r password $b$x$b$ $a$"),
              "execute $a$ alter role r password '***' $a$");
    // As the server tells the context of an error.
    EXPECT_EQ(without_secrets("SQL statement \"create role app login password 'x'\"\nPL/pgSQL"),
              "SQL statement \"create role app login password '***'\"\nPL/pgSQL");
    EXPECT_EQ(without_secrets("select \"a'b\", '', $$it's$$"), "select \"a'b\", '', $$it's$$");
}

TEST(SecretsTest, AStringThatGoesOnInTheNextLineIsOne) {
    EXPECT_EQ(without_secrets("create role a password 'abc'\n'def'"),
              "create role a password '***'\n'***'");
}

TEST(SecretsTest, ATextThatBreaksOffInASecretDoesNotShowItsBeginning) {
    EXPECT_EQ(without_secrets("create role a password 'abc"), "create role a password '***'");
    EXPECT_EQ(without_secrets("select 'abc"), "select 'abc");
}

}  // namespace
}  // namespace caisson::sql
