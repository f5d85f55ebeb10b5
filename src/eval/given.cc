#include "eval/given.h"

namespace ocelli::eval {

std::string_view given_name(Given given) {
  switch (given) {
    case Given::boxes:
      return "boxes";
    case Given::motion:
      return "motion";
    case Given::camera:
      return "camera";
  }
  return "boxes";
}

}  // namespace ocelli::eval
