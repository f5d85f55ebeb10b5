#include "app/command.h"

#include "app/print.h"

namespace ocelli::app {

void fail(CommandContext& context, ExitCode code, const base::Error& error) {
  if (error.code() == base::Code::cancelled) {
    context.exit_code = ExitCode::interrupted;
    return;
  }
  print(stderr, "ocelli: {}\n", error.message());
  context.exit_code = code;
}

void remember(CommandContext& context, ExitCode code) {
  if (context.exit_code == ExitCode::ok) context.exit_code = code;
}

}  // namespace ocelli::app
