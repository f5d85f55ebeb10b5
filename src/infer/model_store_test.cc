#include "infer/model_store.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infer/testing/temporary_folder.h"

namespace ocelli::infer {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSha256OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class ModelStoreTest : public ::testing::Test {
 protected:
  ModelStore open() const {
    return *ModelStore::open({.cards_folder = OCELLI_SOURCE_MODELS, .folder = folder_.path()});
  }
  ModelCard card_of_abc() const {
    ModelCard card;
    card.name = "abc";
    card.sha256 = kSha256OfAbc;
    return card;
  }
  const TemporaryFolder folder_;
};

TEST_F(ModelStoreTest, HashesAsTheStandardSays) {
  EXPECT_EQ(*sha256_of_file(folder_.write("abc", "abc")), kSha256OfAbc);
  EXPECT_EQ(*sha256_of_file(folder_.write("empty", "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(*sha256_of_file(folder_.write("million", std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_THAT(sha256_of_file(folder_ / "none").error().message(), HasSubstr("none"));
  EXPECT_FALSE(sha256_of_file(folder_.path()));
}

TEST_F(ModelStoreTest, ListsTheShippedCards) {
  const auto cards = open().list();
  ASSERT_TRUE(cards) << cards.error().message();
  ASSERT_FALSE(cards->empty());
  EXPECT_THAT(*cards, ::testing::Contains(::testing::Field(&ModelCard::name, "yolov8n")));
}

TEST_F(ModelStoreTest, UnknownModelGetsASuggestionAndTheList) {
  const auto card = open().card("yolo8n");
  ASSERT_FALSE(card);
  EXPECT_EQ(card.error().code(), base::Code::not_found);
  EXPECT_THAT(card.error().message(), HasSubstr("did you mean 'yolov8n'"));
}

TEST_F(ModelStoreTest, ANameCannotLeaveTheCardsFolder) {
  EXPECT_EQ(open().card("../models/yolov8n").error().code(), base::Code::not_found);
}

TEST_F(ModelStoreTest, ACardMustBeNamedLikeItsFile) {
  std::ostringstream text;
  text << std::ifstream(OCELLI_SOURCE_MODELS "/yolov8n.yaml").rdbuf();
  folder_.write("cards/other.yaml", text.str());
  const auto store = ModelStore::open({.cards_folder = folder_ / "cards", .folder = folder_.path()});
  ASSERT_TRUE(store);
  EXPECT_THAT(store->card("other").error().message(), HasSubstr("name must be 'other'"));
}

TEST_F(ModelStoreTest, MissingCardsFolderIsNamed) {
  const auto store = ModelStore::open({.cards_folder = folder_ / "none", .folder = folder_.path()});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), base::Code::not_found);
  EXPECT_THAT(store.error().message(), HasSubstr("/none"));
}

TEST_F(ModelStoreTest, EnvironmentNamesTheStore) {
  ::setenv("OCELLI_MODEL_STORE", "/some/where", 1);
  const auto store = ModelStore::open({});
  ::unsetenv("OCELLI_MODEL_STORE");
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ(store->path_of(card_of_abc()), std::string("/some/where/") + kSha256OfAbc + ".onnx");
}

TEST_F(ModelStoreTest, VerifyTellsMissingFromDamagedFromIntact) {
  const auto store = open();
  const auto card = card_of_abc();
  EXPECT_FALSE(store.present(card));
  const auto missing = store.verify(card);
  EXPECT_EQ(missing.error().code(), base::Code::not_found);
  EXPECT_THAT(missing.error().message(), HasSubstr("ocelli models pull abc"));

  folder_.write(card.sha256 + ".onnx", "abd");
  EXPECT_TRUE(store.present(card));
  const auto damaged = store.verify(card);
  EXPECT_EQ(damaged.error().code(), base::Code::corrupt);
  EXPECT_THAT(damaged.error().message(), HasSubstr(kSha256OfAbc));
  EXPECT_THAT(damaged.error().message(), HasSubstr("a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"));

  folder_.write(card.sha256 + ".onnx", "abc");
  EXPECT_TRUE(store.verify(card));
}

}  // namespace
}  // namespace ocelli::infer
