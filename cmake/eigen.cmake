# Sees to it that there is a target Eigen3::Eigen: the one that the project around us has, else that of any Eigen from 3.4
# on. No version is asked for: a package of Eigen 5 is not compatible with 3.4 by its own word, but its headers are.
# What is wrong is said in LAMINA_EIGEN_PROBLEM, which is empty otherwise.
set(LAMINA_EIGEN_PROBLEM "")
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET)
  if(NOT TARGET Eigen3::Eigen)
    set(LAMINA_EIGEN_PROBLEM "Lamina needs Eigen 3.4 or newer, and no package of Eigen was found "
                             "(Debian: libeigen3-dev; else set Eigen3_DIR).")
  elseif(Eigen3_VERSION VERSION_LESS 3.4)
    set(LAMINA_EIGEN_PROBLEM "Lamina needs Eigen 3.4 or newer, but ${Eigen3_DIR} has ${Eigen3_VERSION}.")
  endif()
  string(CONCAT LAMINA_EIGEN_PROBLEM ${LAMINA_EIGEN_PROBLEM})
endif()
