# Tests that call a compiler themselves run once with g++ and once with clang++, whichever builds the project.
find_program(LAMINA_g++ g++)
find_program(LAMINA_clang++ NAMES clang++ clang++-18 clang++-17 clang++-16 clang++-15 clang++-14)

get_target_property(eigen_include_dirs Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
list(TRANSFORM eigen_include_dirs PREPEND -isystem OUTPUT_VARIABLE eigen_flags)
set(LAMINA_COMPILE_FLAGS -std=c++20 -fopenmp -I${PROJECT_SOURCE_DIR}/include ${eigen_flags})

# Sets `usable` to whether the compiler exists and has OpenMP, which for clang++ is a package of its own.
function(lamina_check_compiler compiler usable)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/includes_openmp.cpp)
  file(WRITE ${source} "#include <omp.h>\n")
  set(status "not found")
  if(compiler)
    execute_process(COMMAND ${compiler} -std=c++20 -fopenmp -c ${source} -o /dev/null
                    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  endif()
  string(COMPARE EQUAL "${status}" 0 status)
  set(${usable} ${status} PARENT_SCOPE)
endfunction()
lamina_check_compiler("${LAMINA_g++}" LAMINA_g++_USABLE)
lamina_check_compiler("${LAMINA_clang++}" LAMINA_clang++_USABLE)

# lamina_add_compiler_test(<name> <command>...): the test once with each compiler, for which COMPILER stands in the
# command. A compiler that is not there is a skipped test, not an absent one.
function(lamina_add_compiler_test name)
  foreach(compiler g++ clang++)
    set(test "${name} (${compiler})")
    list(TRANSFORM ARGN REPLACE "^COMPILER$" "${LAMINA_${compiler}}" OUTPUT_VARIABLE command)
    if(NOT LAMINA_${compiler}_USABLE)
      set(command ${CMAKE_COMMAND} -E echo " skipped: no ${compiler} with OpenMP is installed")
    endif()
    add_test(NAME ${test} COMMAND ${command})
    set_tests_properties(${test} PROPERTIES LABELS compile TIMEOUT 300 SKIP_REGULAR_EXPRESSION "^ skipped: ")
  endforeach()
endfunction()

# Without optimisation, to be quick: what the optimiser alone can warn of, the preset ci finds in the test programs.
# More warnings than we ask of our programs: those that projects which include our headers ask of themselves.
set(users_warnings -Wsign-conversion -Wold-style-cast -Wdouble-promotion -Wcast-qual -Wcast-align -Wformat=2 -Wundef
                   -Woverloaded-virtual -Wnon-virtual-dtor -Wextra-semi -Wno-unknown-warning-option -Wuseless-cast
                   -Wduplicated-cond -Wlogical-op)
lamina_add_compiler_test("compile/the whole library without a warning" COMPILER ${LAMINA_COMPILE_FLAGS}
                         ${LAMINA_WARNINGS} ${users_warnings} -Werror -c ${CMAKE_CURRENT_SOURCE_DIR}/warnings.cpp -o /dev/null)

lamina_add_compiler_test("compile/exceptions are asked for" COMPILER ${LAMINA_COMPILE_FLAGS} -fno-exceptions
                         -fsyntax-only ${CMAKE_CURRENT_SOURCE_DIR}/warnings.cpp)
set_tests_properties("compile/exceptions are asked for (g++)" "compile/exceptions are asked for (clang++)" PROPERTIES
                     PASS_REGULAR_EXPRESSION "compile it without -fno-exceptions")

# The same source for processors without and with wider vectors.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  foreach(level x86-64 x86-64-v3 x86-64-v4)
    lamina_add_compiler_test("portability/right results on ${level}" ${CMAKE_COMMAND} -DLEVEL=${level}
                             -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/portability
                             -P ${CMAKE_CURRENT_SOURCE_DIR}/portability.cmake COMPILER ${LAMINA_COMPILE_FLAGS})
  endforeach()
endif()
