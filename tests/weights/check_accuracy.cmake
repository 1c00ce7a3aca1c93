# Every file that is listed has the test accuracy that the list says, measured by a command that the name of the file is
# appended to. Another processor rounds otherwise, which may move one image: 0.01 points.
# cmake -D FOLDER=weights -D COMMAND="train_cifar100 --eval" -P check_accuracy.cmake

if(NOT DEFINED ENV{LAMINA_CIFAR100})
  message(" skipped: LAMINA_CIFAR100 does not name a folder with train.bin and test.bin")
  return()
endif()
separate_arguments(COMMAND UNIX_COMMAND "${COMMAND}")
include(${CMAKE_CURRENT_LIST_DIR}/listed_weights.cmake)
foreach(row accuracy IN ZIP_LISTS listed_rows listed_accuracies)
  execute_process(COMMAND ${COMMAND} ${FOLDER}/${row}.safetensors OUTPUT_VARIABLE output ERROR_VARIABLE output
                  RESULT_VARIABLE status)
  if(output MATCHES "No module named '[a-z]+'")
    message(" skipped: ${CMAKE_MATCH_0}")
    return()
  endif()
  if(NOT status EQUAL 0 OR NOT output MATCHES "top-1 accuracy ([0-9]+)\\.([0-9][0-9]) %")
    message(FATAL_ERROR "${row}: cannot be measured: ${output}")
  endif()
  string(REPLACE "." "" listed ${accuracy})
  math(EXPR difference "${CMAKE_MATCH_1}${CMAKE_MATCH_2} - ${listed}")
  if(difference LESS -1 OR difference GREATER 1)
    message(FATAL_ERROR "${row}: has the test accuracy ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}, the list says ${accuracy}")
  endif()
  message(STATUS "${row}: ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}, listed ${accuracy}")
endforeach()
message(STATUS "${listed_count} files are listed, and have their accuracies")
